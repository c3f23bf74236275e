/**
 * What a call costs by the agent's price table, as the server tells it: the turn by its stages, and the call.
 *
 * Rules: its lines are there from the start, so that nothing moves; amounts are far below a cent, and have five figures
 * behind the point, for which the page's numerals are of one width.
 *
 * @typedef {{turn: number, stt_usd: number, llm_usd: number, tts_usd: number, turn_usd: number, call_usd: number}} Cost
 */

import { element } from "./dom.js";

/** Field of the cost message -> what a person calls it. */
const LINES = [
  ["stt_usd", "Hearing"],
  ["llm_usd", "Thinking"],
  ["tts_usd", "Voice"],
  ["turn_usd", "This turn"],
  ["call_usd", "The call"],
];

export class CostLines {
  #cells = new Map();

  /** @param {HTMLDListElement} list */
  constructor(list) {
    for (const [field, name] of LINES) {
      const line = element("div", `legend-line ${field}`);
      const cell = element("dd");
      line.append(element("dt", "", name), cell);
      list.append(line);
      this.#cells.set(field, cell);
    }
    this.clear();
  }

  clear() {
    for (const cell of this.#cells.values()) cell.textContent = "–";
  }

  /** @param {Cost} cost */
  show(cost) {
    for (const [field, cell] of this.#cells) cell.textContent = dollars(cost[field]);
  }
}

const dollars = (amount) => (Number.isFinite(amount) ? `$${Math.max(0, amount).toFixed(5)}` : "–");
