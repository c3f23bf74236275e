/**
 * The messages of the page: for each thing that can go wrong, what happened and what the person can do.
 *
 * Rules: one notice at a time; it never takes the focus; it lies over the captions, so that nothing moves; its words
 * name the next step.
 *
 * @typedef {"retry" | "type" | "dismiss"} Action
 * @typedef {{title: string, text: string, actions: Action[], kind?: "error" | "info"}} Words
 */

import { element } from "./dom.js";

/** @type {Record<string, (detail: string, retryAfter: number) => Words>} */
const NOTICES = {
  insecure: () => ({
    title: "This page can't use a microphone here",
    text: "Browsers give a page the microphone only over https, or from this very machine. " +
      `Open it as https://${location.host} or as http://localhost. You can type in the meantime.`,
    actions: ["type"],
  }),
  denied: () => ({
    title: "The microphone was refused",
    text: "Allow it in the site settings beside the address bar, then call again. Or type: you will still hear the answers.",
    actions: ["retry", "type"],
  }),
  missing: () => ({
    title: "No microphone was found",
    text: "Plug one in, or switch it on in the system's sound settings, then call again. Or type: you will still hear the answers.",
    actions: ["retry", "type"],
  }),
  unusable: () => ({
    title: "The microphone can't be opened",
    text: "Another program may be using it. Close that, or choose another microphone, then call again.",
    actions: ["retry", "type"],
  }),
  unplugged: () => ({
    title: "The microphone has gone",
    text: "Choose another one below; the call goes on. You can type as well.",
    actions: ["dismiss"],
  }),
  busy: (detail, retryAfter) => ({
    title: "All lines are busy",
    text: `${sentence(detail)} ${retryAfter ? `Please try again in ${retryAfter} s.` : "Please try again in a moment."}`,
    actions: ["retry"],
  }),
  refused: (detail) => ({
    title: "The server refused the call",
    text: sentence(detail),
    actions: ["retry"],
  }),
  unreachable: () => ({
    title: "The server can't be reached",
    text: "Check that you are online and that the agent is running, then call again.",
    actions: ["retry"],
  }),
  blocked: () => ({
    title: "The network blocks the sound",
    text: "The server answered, but no audio gets through. A firewall or VPN may block UDP: try another network, " +
      "switch the VPN off, or ask whoever runs the server for a TURN relay.",
    actions: ["retry"],
  }),
  unsupported: () => ({
    title: "This browser can't make calls",
    text: "It lacks WebRTC, or has it switched off. Current Firefox, Chrome, Edge and Safari have it.",
    actions: [],
  }),
  lost: () => ({
    title: "The connection was lost",
    text: "What was said so far is kept here.",
    actions: ["retry"],
  }),
  reconnecting: (reason) => ({
    title: reason === "server-stopping" ? "The server is being stopped" : "The connection was lost",
    text: "Trying to get it back. What was said so far is kept here.",
    actions: [],
    kind: "info",
  }),
  anew: () => ({
    title: "The connection is back",
    text: "The agent has begun anew: it does not know what was said before.",
    actions: ["dismiss"],
    kind: "info",
  }),
  ended: (detail) => ({
    title: "The agent has ended the call",
    text: ENDINGS[detail] ?? "What was said so far is kept here.",
    actions: ["retry"],
    kind: "info",
  }),
  problem: (detail) => ({
    title: "Something went wrong, the call goes on",
    text: sentence(detail),
    actions: ["dismiss"],
  }),
};

/** The server's reasons for ending a call. */
const ENDINGS = {
  idle: "Nobody had said anything for a while. What was said so far is kept here.",
  "longest-call": "The call had reached its longest time. What was said so far is kept here.",
  "server-stopping": "The server is being stopped. Try again in a moment.",
};

const LABELS = { retry: "Call again", type: "Type instead", dismiss: "OK" };

export class Notice {
  #box;
  #act;

  /** @param {HTMLElement} box role="alert"  @param {(action: Action) => void} act */
  constructor(box, act) {
    this.#box = box;
    this.#act = act;
  }

  /** @param {string} code  @param {string} [detail]  @param {number} [retryAfter] seconds */
  show(code, detail = "", retryAfter = 0) {
    const { title, text, actions, kind = "error" } = NOTICES[code](detail, retryAfter);
    const buttons = element("div", "notice-actions");
    actions.forEach((action, index) => {
      const button = element("button", index === 0 ? "primary" : "plain", LABELS[action]);
      button.type = "button";
      button.addEventListener("click", () => {
        this.hide();
        this.#act(action);
      });
      buttons.append(button);
    });
    this.#box.dataset.code = code;
    this.#box.dataset.kind = kind;
    this.#box.replaceChildren(element("p", "notice-title", title), element("p", "notice-text", text), buttons);
  }

  hide() {
    delete this.#box.dataset.code;
    this.#box.replaceChildren();
  }
}

function sentence(text) {
  const words = String(text).trim();
  if (!words) return "";
  const begun = words[0].toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
