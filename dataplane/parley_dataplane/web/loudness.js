/**
 * Whether a person's voice is too quiet for an agent to hear.
 *
 * Rules: time is an argument; a voice is what is well over the room, and the room is the softest of what was heard a
 * moment ago, so that a noisy room is not taken for a voice and a soft room for a soft voice; a judgement needs some words,
 * and stands until others are louder; it is fed only while the agent is silent, whose voice may reach the microphone.
 */

/**
 * Level of a voice, dB of full scale, from which it is heard. Of six questions to the reception all were answered at -44,
 * five at -48 and none at -52 (python -m tests.bench.loudness).
 */
export const LEAST_DB = -46;

/** dB: of soft vowels no less, of a room's own ups and downs no more. */
const OVER_ROOM = 12;
/** dB a second: between any two words the room is heard again. */
const ROOM_RISES = 3;
/** Milliseconds of voice that make a few words, and of silence after which others begin. */
const WORDS = 600;
const APART = 2000;
/** Milliseconds of voice that are remembered where it gets louder, and softer: a sentence that dies away was loud. */
const MEMORY = 500;
const LONG_MEMORY = 2000;

export class Loudness {
  #room = Infinity;
  #at = 0;
  #voicedAt = 0;
  #voiced = 0;
  #level = 0;

  /** True once words were too quiet, until others are not. */
  quiet = false;

  /**
   * @param {number} decibels of the last moment, dB of full scale  @param {number} now milliseconds
   * @param {number} [least] what is enough, where a page lets through louder voices alone
   * @returns {boolean} whether `quiet` has changed
   */
  hear(decibels, now, least = LEAST_DB) {
    const passed = Math.max(1, Math.min(now - this.#at, 100));
    this.#at = now;
    this.#room = Math.min(decibels, this.#room + (ROOM_RISES * passed) / 1000);
    if (decibels < this.#room + OVER_ROOM) return false;
    if (now - this.#voicedAt > APART) this.#voiced = 0;
    this.#voicedAt = now;
    this.#voiced += passed;
    const memory = decibels < this.#level ? LONG_MEMORY : MEMORY;
    this.#level += (decibels - this.#level) * (passed / Math.min(memory, this.#voiced));
    const before = this.quiet;
    if (this.#voiced >= WORDS) this.quiet = this.#level < least;
    return this.quiet !== before;
  }
}
