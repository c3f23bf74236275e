/**
 * Silero as a detector of a page: told slices of the microphone, it tells when somebody begins and ends to speak.
 *
 * Rules: the network runs in a worker, so that neither page nor sound wait for it; a voice has begun when ONSET of the
 * last OF windows are over the threshold, goes on down to HYSTERESIS less, and has ended after `holdMs` below that, as
 * in the server's ear.
 *
 * Events, as of a Voice (voice.js): "begin" {}, "end" {}; and "ready" {}, or "failed" {why} where the
 * network can't be had.
 */

const WINDOW_MS = 32;
const ONSET = 2;
const OF = 3;
const HYSTERESIS = 0.15;
/** Windows of which `took` is the median. */
const TIMED = 100;

export class Silero extends EventTarget {
  #worker = new Worker(new URL("./silero-worker.js", import.meta.url), { type: "module" });
  #settings = { threshold: 0.5, holdMs: 200 };
  #recent = [];
  #times = [];
  #quietMs = 0;
  #speaking = false;

  constructor() {
    super();
    /** Whether it hears yet. */
    this.ready = false;
    /** Settled once it is known whether it does. */
    this.loaded = new Promise((resolve) => {
      for (const event of ["ready", "failed"]) this.addEventListener(event, resolve, { once: true });
    });
    /** How likely it is that somebody speaks, 0 to 1. */
    this.level = 0;
    this.#worker.addEventListener("message", ({ data }) => this.#take(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(event.message);
    });
    this.#worker.postMessage({
      program: new URL("./silero.wasm", import.meta.url).href,
      weights: new URL("./silero.weights", import.meta.url).href,
    });
  }

  get speaking() {
    return this.#speaking;
  }

  /** Milliseconds of a window of 32 ms in the worker, the median of the last; NaN before the first. */
  get took() {
    return this.#times.toSorted((a, b) => a - b)[this.#times.length >> 1] ?? NaN;
  }

  /** @param {{threshold?: number, holdMs?: number}} settings those that change */
  change(settings) {
    Object.assign(this.#settings, settings);
  }

  /** @param {ArrayBuffer} slice Int16, 16 kHz */
  hear(slice) {
    const copy = slice.slice(0);
    this.#worker.postMessage(copy, [copy]);
  }

  /** Whatever was heard last is of another conversation. */
  reset() {
    this.#recent = [];
    this.#quietMs = 0;
    this.#speaking = false;
    this.level = 0;
  }

  close() {
    this.#worker.terminate();
  }

  #take({ ready, failed, probability, took }) {
    if (failed) this.#fail(failed);
    else if (ready) {
      this.ready = true;
      this.dispatchEvent(new CustomEvent("ready"));
    } else this.#hear(probability, took);
  }

  #hear(probability, took) {
    this.level = probability;
    this.#times = [...this.#times, took].slice(-TIMED);
    const { threshold, holdMs } = this.#settings;
    this.#recent = [...this.#recent, probability >= threshold].slice(-OF);
    this.#quietMs = probability >= threshold - HYSTERESIS ? 0 : this.#quietMs + WINDOW_MS;
    const speaking = this.#speaking ? this.#quietMs < holdMs : this.#recent.filter(Boolean).length >= ONSET;
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    if (!speaking) this.#recent = [];
    this.dispatchEvent(new CustomEvent(speaking ? "begin" : "end"));
  }

  #fail(why) {
    this.ready = false;
    this.dispatchEvent(new CustomEvent("failed", { detail: { why: String(why ?? "") } }));
  }
}
