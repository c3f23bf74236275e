/**
 * Rows of names and values, and the milliseconds of a call as this browser measures them.
 *
 * Rules: a first partial is counted from the first sound of the person's voice, a first sound from its last; each is shown
 * once per turn; what the server measures by its own clock stands beside what is measured here, under its own name.
 */

import { element } from "./dom.js";

export class Rows {
  #list;
  #values = new Map();

  /** @param {HTMLDListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {string} name  @param {string} value */
  set(name, value) {
    const cell = this.#values.get(name) ?? this.#add(name);
    if (cell.textContent !== value) cell.textContent = value;
  }

  #add(name) {
    const row = element("div");
    const cell = element("dd");
    row.append(element("dt", "", name), cell);
    this.#list.append(row);
    this.#values.set(name, cell);
    return cell;
  }
}

const ANSWERED = "Offer answered";
const CONNECTED = "Connected after the answer";
const SOUNDED = "First sound after connecting";
const PARTIAL = "First partial";
const AUDIO = "First audio of the answer";
const SERVERS = "The same, by the server";

export class Figures {
  #rows;
  #connectedAt = NaN;
  #spokeFrom = NaN;
  #answerDue = false;

  /** @param {Rows} rows */
  constructor(rows) {
    this.#rows = rows;
    this.clear();
  }

  clear() {
    this.#connectedAt = this.#spokeFrom = NaN;
    this.#answerDue = false;
    for (const name of [ANSWERED, CONNECTED, SOUNDED, PARTIAL, AUDIO, SERVERS]) this.#rows.set(name, "–");
  }

  /** @param {{answer: number, connection: number}} took */
  connected({ answer, connection }) {
    this.#connectedAt = performance.now();
    this.#rows.set(ANSWERED, ms(answer));
    this.#rows.set(CONNECTED, ms(connection));
  }

  /** The person has begun to speak. @param {number} from */
  spoke(from) {
    this.#spokeFrom = from;
    this.#answerDue = true;
  }

  /** The server has told some of what the person says. */
  understood() {
    if (Number.isNaN(this.#spokeFrom)) return;
    this.#rows.set(PARTIAL, ms(performance.now() - this.#spokeFrom));
    this.#spokeFrom = NaN;
  }

  /** The agent has become audible. @param {number} voicedAt when the person was last heard */
  sounded(voicedAt) {
    const now = performance.now();
    if (!Number.isNaN(this.#connectedAt)) this.#rows.set(SOUNDED, ms(now - this.#connectedAt));
    this.#connectedAt = NaN;
    if (!this.#answerDue) return;
    this.#rows.set(AUDIO, ms(now - voicedAt));
    this.#answerDue = false;
  }

  /** @param {import("./call.js").Timing} timing */
  told(timing) {
    this.#rows.set(SERVERS, ms(timing.total_ms));
  }
}

const ms = (value) => (Number.isFinite(value) ? `${Math.round(value)} ms` : "–");
