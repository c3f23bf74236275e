/**
 * Which slices of a microphone are sent: those of a voice, a little before it, and the silence that ends its turn.
 *
 * Rules: while nobody speaks nothing is sent; what a detector needs to notice a voice is made good by PRE_ROLL, so that
 * no word loses its beginning; after the voice silence is sent for TAIL, and for as long as the server still waits for
 * more, since it is the server that decides when a turn is over; a server that waits for ever is left alone after LONGEST.
 */

/** In slices of 40 ms. Silero is sure of a voice 100 to 250 ms after it has begun. */
const PRE_ROLL = 12;
const TAIL = 10;
const LONGEST = 250;

export class Gate {
  #send;
  #held = [];
  #open = false;
  #silent = 0;

  /** @param {(slice: ArrayBuffer) => void} send */
  constructor(send) {
    this.#send = send;
    /** Bytes, so far. */
    this.heard = 0;
    this.sent = 0;
  }

  get open() {
    return this.#open;
  }

  /** Nobody is there to send to: what was held is of no use later. */
  close() {
    this.#held = [];
    this.#open = false;
    this.#silent = 0;
  }

  /**
   * @param {ArrayBuffer} slice  the next 40 ms
   * @param {boolean} speaking   whether a voice is in it, or was a moment ago
   * @param {boolean} awaited    whether the server takes the person to be speaking
   */
  hear(slice, speaking, awaited) {
    this.heard += slice.byteLength;
    this.#silent = speaking ? 0 : this.#silent + 1;
    const goesOn = this.#open && (this.#silent <= TAIL || (awaited && this.#silent <= LONGEST));
    this.#open = speaking || goesOn;
    this.#held.push(slice);
    if (!this.#open) {
      if (this.#held.length > PRE_ROLL) this.#held.shift();
      return;
    }
    for (const held of this.#held.splice(0)) {
      this.sent += held.byteLength;
      this.#send(held);
    }
  }
}
