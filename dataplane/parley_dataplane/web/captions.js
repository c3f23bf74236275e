/**
 * The captions: who said what, while it is said, and what of an interrupted answer was never heard.
 *
 * Rules: one entry per utterance and per answer, in the order in which they were heard; an answer is shown from its
 * first sound on, since one that is overtaken before never was said; a filler stands above it and is none of its words;
 * text from the server is put in as text, never as markup; the newest line stays in view unless the person has scrolled
 * up to read; screen readers are told a line once, when it is final, and not at each word.
 */

import { element } from "./dom.js";

/** Within this many pixels of the end counts as "at the end". */
const NEAR_END = 48;

export class Captions {
  #list;
  #scroller;
  #announce;
  #entries = new Map();
  #agent = "Agent";
  #speaking = false;

  /** @param {HTMLOListElement} list  @param {HTMLElement} scroller  @param {(text: string) => void} announce */
  constructor(list, scroller, announce) {
    this.#list = list;
    this.#scroller = scroller;
    this.#announce = announce;
    // Keeps the end in view when the window or an on-screen keyboard changes the room there is.
    let atEnd = true;
    scroller.addEventListener("scroll", () => (atEnd = this.#atEnd()), { passive: true });
    new ResizeObserver(() => atEnd && this.#toEnd()).observe(scroller);
  }

  get empty() {
    return this.#list.childElementCount === 0;
  }

  /** Who said what, a line each; of an interrupted answer what was heard of it. */
  get text() {
    return [...this.#list.children].map((item) => {
      const [who, words] = [item.querySelector(".who"), item.querySelector(".words").cloneNode(true)];
      words.querySelector("del")?.replaceWith("…");
      return `${who.textContent}: ${words.textContent}`;
    }).join("\n");
  }

  select() {
    getSelection().selectAllChildren(this.#list);
  }

  clear() {
    this.#entries.clear();
    this.#list.replaceChildren();
  }

  /** What is here stays; the turns of another conversation, counted from 0 again, come behind it. */
  anew() {
    this.#entries.clear();
  }

  /** @param {string} name how the agent's lines are headed */
  set agent(name) {
    this.#agent = name;
  }

  /** @param {import("./call.js").Transcript} message */
  transcript({ turn, text, final, stable = 0 }) {
    const words = String(text).trim();
    if (!words) {
      if (final) this.#drop("you", turn); // a cough: nothing was said
      return;
    }
    this.#change("you", turn, (entry) => {
      // What may still change is paler.
      const parts = final ? [words] : [element("span", "settled", words.slice(0, stable)), words.slice(stable)];
      entry.words.replaceChildren(...parts);
      entry.item.classList.toggle("partial", !final);
    });
    this.#show("you", turn);
    if (final) this.#announce(`You: ${words}`);
  }

  /** @param {import("./call.js").Filler} message */
  filler({ turn, text }) {
    this.#change("agent", turn, ({ words }) => words.before(element("p", "filler", String(text).trim())));
    if (this.#speaking) this.#show("agent", turn);
  }

  /** @param {import("./call.js").Reply} message */
  reply({ turn, index, text }) {
    this.#change("agent", turn, (entry) => {
      if (entry.closed) return; // a clause that was made after the interruption
      entry.clauses[index] = String(text).trim();
      entry.words.textContent = entry.clauses.filter(Boolean).join(" ");
      entry.item.classList.add("partial");
    });
    if (this.#speaking) this.#show("agent", turn);
  }

  /** The turn's state: an answer that was made in "processing" is heard, and shown, from "speaking" on. */
  set state(state) {
    this.#speaking = state === "speaking";
    if (this.#speaking) for (const entry of this.#entries.values()) this.#attach(entry);
  }

  /** @param {import("./call.js").Heard} message */
  heard({ turn, heard, unheard, interrupted }) {
    const [said, unsaid] = [String(heard).trim(), String(unheard).trim()];
    if (!said && !unsaid) return;
    this.#change("agent", turn, (entry) => {
      entry.closed = true;
      entry.item.classList.remove("partial");
      entry.item.classList.toggle("interrupted", Boolean(interrupted));
      entry.words.replaceChildren(said, ...(unsaid ? [said ? " " : "", struck(unsaid)] : []));
    });
    this.#show("agent", turn);
    this.#announce(`${this.#agent}: ${said}${interrupted ? " (interrupted)" : ""}`);
  }

  #change(who, turn, edit) {
    const wasAtEnd = this.#atEnd();
    edit(this.#entries.get(`${who} ${turn}`) ?? this.#add(who, turn));
    if (wasAtEnd) this.#toEnd();
  }

  #show(who, turn) {
    this.#attach(this.#entries.get(`${who} ${turn}`));
  }

  #attach({ item }) {
    if (item.isConnected) return;
    const wasAtEnd = this.#atEnd();
    this.#list.append(item);
    if (wasAtEnd) this.#toEnd();
  }

  #add(who, turn) {
    // What waits here for its first sound was overtaken: this one is said instead.
    for (const [key, entry] of this.#entries) if (!entry.item.isConnected) this.#entries.delete(key);
    const item = element("li", `caption ${who}`);
    const words = element("p", "words");
    item.append(element("span", "who", who === "you" ? "You" : this.#agent), words);
    item.dataset.turn = String(turn);
    const entry = { item, words, clauses: [], closed: false };
    this.#entries.set(`${who} ${turn}`, entry);
    return entry;
  }

  #drop(who, turn) {
    this.#entries.get(`${who} ${turn}`)?.item.remove();
    this.#entries.delete(`${who} ${turn}`);
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

/** What was not heard: struck through for the eye, said in words for a screen reader (most ignore <del>). */
function struck(text) {
  const mark = element("del", "unheard");
  mark.append(element("span", "sr-only", "Not heard: "), text);
  return mark;
}
