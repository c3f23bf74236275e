/**
 * The part of a page that tells the turn: in words, as an orb, with its buttons and the clock.
 *
 * Rules: it owns the elements of `.stage`, the clock, and the two attributes of <body> that the page's look follows,
 * data-phase (off, connecting, on) and data-state (the turn); what a button does is the page's.
 */

import { Orb, clock } from "./orb.js";
import { QUIET, STATES, WORDS } from "./words.js";

const at = (id) => document.getElementById(id);

export class Stage {
  #orb = new Orb([...document.querySelectorAll(".orb-bars rect")]);
  #words;
  #labels;
  /** The turn as the server tells it. */
  #state = "idle";

  /**
   * @param {object} page
   * @param {() => void} page.call       begin, or hang up
   * @param {() => void} page.interrupt
   * @param {() => void} page.mute       `muted` has changed
   * @param {{[state: string]: string[]}} [page.words]
   * @param {[string, string]} [page.labels]  of the button, for the first call and for another
   */
  constructor({ call, interrupt, mute, words = WORDS, labels = ["Start call", "Call again"] }) {
    this.#words = words;
    this.#labels = labels;
    at("call").addEventListener("click", call);
    at("interrupt").addEventListener("click", interrupt);
    at("mute").addEventListener("click", () => {
      at("mute").setAttribute("aria-pressed", String(!this.muted));
      mute();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing && this.#state === "speaking") interrupt();
    });
  }

  get muted() {
    return at("mute").getAttribute("aria-pressed") === "true";
  }

  get state() {
    return this.#state;
  }

  /** Whether it is the person's turn: the agent's own voice can't reach the microphone. */
  get hears() {
    return this.#state === "idle" || this.#state === "listening";
  }

  /** One that is not known here changes nothing. */
  set state(state) {
    if (STATES.has(state)) this.#state = state;
  }

  /**
   * @param {"off" | "connecting" | "reconnecting" | "on"} phase
   * @param {{heard: boolean, empty: boolean, quiet?: boolean}} of
   *   heard: there is a microphone; quiet: the person's voice is too quiet
   */
  show(phase, { heard, empty, quiet = false }) {
    const on = phase === "on";
    const waits = !heard ? "typing" : this.muted ? "muted" : "idle";
    const [title, hint] = this.#words[!on ? phase : this.#state === "idle" ? waits : this.#state];
    document.body.dataset.phase = phase === "reconnecting" ? "connecting" : phase;
    document.body.dataset.state = on ? this.#state : "idle";
    document.body.dataset.muted = String(this.muted);
    write(at("state"), title);
    write(at("hint"), quiet && on && this.hears && waits === "idle" ? QUIET : hint);
    write(at("call-label"), on ? "Hang up" : phase === "off" ? this.#labels[empty ? 0 : 1] : "Cancel");
    at("interrupt").disabled = !on || this.#state !== "speaking";
    at("mute").disabled = !on || !heard;
    at("welcome").hidden = !empty;
  }

  /** @param {number} milliseconds that the call has lasted  @param {{mine: number, agents: number}} levels 0 to 1 */
  draw(milliseconds, { mine, agents }) {
    this.#orb.draw(this.#state === "speaking" ? agents : this.#state === "processing" ? 0 : mine);
    write(at("clock"), clock(milliseconds));
  }
}

/**
 * How far a conversation is, as `show` takes it. @param {{since: number} | null} talk  @param {boolean} [connected]
 * @returns {"off" | "connecting" | "reconnecting" | "on"}
 */
export function phase(talk, connected) {
  if (!talk) return "off";
  if (!talk.since) return "connecting";
  return connected ? "on" : "reconnecting";
}

/** A live region is told only what has changed. @param {HTMLElement} node  @param {string} text */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
