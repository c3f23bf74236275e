/**
 * The microphone on the audio thread: samples at the device's rate in, 40 ms slices of Int16 at 16 kHz out.
 *
 * Rules: what lies above 8 kHz was filtered off before; between two samples it draws a line, which below 7 kHz is near
 * enough; a slice is handed over, never shared.
 */

const RATE = 16_000;
const SLICE = RATE / 25;

class Slices extends AudioWorkletProcessor {
  #step = sampleRate / RATE;
  /** Where the next sample lies, in samples of the device, counted from the one before this block. */
  #at = 1;
  #last = 0;
  #slice = new Int16Array(SLICE);
  #filled = 0;

  process([[channel]]) {
    if (!channel) return true;
    while (this.#at < channel.length) {
      const index = Math.floor(this.#at);
      const before = index === 0 ? this.#last : channel[index - 1];
      this.#push(before + (channel[index] - before) * (this.#at - index));
      this.#at += this.#step;
    }
    this.#at -= channel.length;
    this.#last = channel[channel.length - 1];
    return true;
  }

  #push(sample) {
    this.#slice[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32_767;
    if (this.#filled < SLICE) return;
    this.port.postMessage(this.#slice.buffer, [this.#slice.buffer]);
    this.#slice = new Int16Array(SLICE);
    this.#filled = 0;
  }
}

registerProcessor("slices", Slices);
