/**
 * What the server tells of its agent: asked once by each page that is loaded.
 *
 * @typedef {{name?: string, greeting?: string, examples?: string[], ice_servers?: RTCIceServer[]}} Agent
 */

/** @type {Promise<Agent>} empty where the server does not answer: a page says so when a call is made */
export const agent = fetch(new URL("../v1/agent", import.meta.url))
  .then((response) => (response.ok ? response.json() : {}))
  .catch(() => ({}));

/** By which calls find a way through a NAT. @type {Promise<RTCIceServer[]>} */
export const iceServers = agent.then(({ ice_servers: servers }) => (Array.isArray(servers) ? servers : []));
