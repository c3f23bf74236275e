/**
 * The latency strip: for each turn, the time from the end of speech to the first sound of the answer, by stage.
 *
 * Rules: all bars share one scale, so that they can be compared; the numbers belong to one turn, the newest unless
 * another is chosen; nothing depends on colour alone, each stage has its name and its number.
 */

import { element } from "./dom.js";

/** Field of the timing message -> what a person calls it. The order is the order in time. */
const STAGES = [
  ["endpointing_ms", "End of turn", "silence, until it is clear that you have finished"],
  ["stt_ms", "Hearing", "the last of your words"],
  ["llm_ms", "Thinking", "until there is something to say"],
  ["tts_ms", "Voice", "its first sound"],
  ["send_ms", "Sending", "until it leaves, behind a filler where there was one"],
];
const ROWS = 4;
const SCALES_MS = [50, 100, 250, 500, 1000, 2000, 4000, 8000, 16000];

export class LatencyStrip {
  #list;
  #numbers = new Map();
  #turns = [];
  #chosen = null;

  /** @param {HTMLOListElement} list  @param {HTMLDListElement} legend */
  constructor(list, legend) {
    this.#list = list;
    for (const [field, name, meaning] of STAGES) this.#numbers.set(field, line(legend, field, name, meaning));
    this.clear();
  }

  clear() {
    this.#turns = [];
    this.#draw();
  }

  /** @param {import("./call.js").Timing} timing */
  add(timing) {
    this.#turns = [...this.#turns.filter(({ turn }) => turn !== timing.turn), timing].slice(-ROWS);
    this.#chosen = timing.turn;
    this.#draw();
  }

  #draw() {
    const longest = Math.max(0, ...this.#turns.map(total));
    const scale = SCALES_MS.find((ms) => ms >= longest) ?? longest;
    const rows = this.#turns.map((timing) => this.#row(timing, scale));
    // Empty rows hold the place of turns to come: the page does not move when they arrive.
    while (rows.length < ROWS) rows.push(element("li", "latency-row empty"));
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.turn : null;
    this.#list.replaceChildren(...rows);
    if (focused !== null) this.#list.querySelector(`button[data-turn="${CSS.escape(focused)}"]`)?.focus();
    this.#tell(this.#turns.find(({ turn }) => turn === this.#chosen));
  }

  #row(timing, scale) {
    const row = element("li", "latency-row");
    const button = element("button", "latency-turn");
    button.type = "button";
    button.dataset.turn = String(timing.turn);
    button.setAttribute("aria-pressed", String(timing.turn === this.#chosen));
    const bar = element("span", "latency-bar");
    bar.setAttribute("aria-hidden", "true");
    for (const [field] of STAGES) {
      const part = element("span", `latency-part ${field}`);
      part.style.width = `${((100 * number(timing[field])) / scale).toFixed(2)}%`;
      bar.append(part);
    }
    button.append(
      element("span", "sr-only", `Turn ${timing.turn}: `), bar, element("span", "latency-total", ms(total(timing))));
    button.addEventListener("click", () => {
      this.#chosen = timing.turn;
      this.#draw();
    });
    row.append(button);
    return row;
  }

  #tell(timing) {
    for (const [field, cell] of this.#numbers) cell.textContent = timing ? ms(number(timing[field])) : "–";
  }
}

const number = (value) => (Number.isFinite(value) ? Math.max(0, value) : 0);
const total = (timing) => number(timing.total_ms);
const ms = (value) => `${Math.round(value)} ms`;

function line(legend, field, name, meaning) {
  const group = element("div", `legend-line ${field}`);
  const term = element("dt", "", name);
  if (meaning) term.title = meaning;
  const value = element("dd", "", "–");
  group.append(term, value);
  legend.append(group);
  return value;
}
