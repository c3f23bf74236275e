/** Where a server's doors are. */

/**
 * @param {string} path  @param {URL | string} [server] its address; without one, where this file came from
 * @returns {URL}
 */
export function door(path, server = new URL("..", import.meta.url)) {
  const base = new URL(server);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return new URL(path, base);
}
