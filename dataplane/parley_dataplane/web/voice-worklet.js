/**
 * Runs in the audio thread: tells whether somebody speaks in a stream, by its volume, and can let through only that.
 *
 * Rules: a voice has begun once ONSET windows in a row are above the threshold, and has ended after `holdMs` below it;
 * what is let through comes LOOK_AHEAD later, so that the first sound of a word is not cut off by the time that it takes
 * to know it; without the gate nothing is delayed. Nothing is allocated per block but a report every 20 ms.
 */

const WINDOW_SECS = 0.01;
const ONSET = 2;
const WINDOWS_PER_REPORT = 2;
/** ONSET windows, and one more for a sound that begins in the middle of one. */
const LOOK_AHEAD_SECS = (ONSET + 1) * WINDOW_SECS;
/** A gate that opens at once clicks. */
const RAMP_SECS = 0.005;

class VoiceProcessor extends AudioWorkletProcessor {
  #settings = { thresholdDb: -50, holdMs: 400, gate: false };
  #window = Math.round(WINDOW_SECS * sampleRate);
  #delayed = new Float32Array(Math.round(LOOK_AHEAD_SECS * sampleRate));
  #at = 0;
  #gain = 0;
  #power = 0;
  #samples = 0;
  #loudWindows = 0;
  #quietMs = Infinity;
  #speaking = false;
  #loud = false;
  #loudest = 0;
  #windows = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => Object.assign(this.#settings, data);
  }

  process([[input]], [[output]]) {
    for (let i = 0; i < output.length; i += 1) {
      const sample = input ? input[i] : 0;
      this.#listen(sample);
      output[i] = this.#passed(sample);
    }
    return true;
  }

  #passed(sample) {
    const before = this.#delayed[this.#at];
    this.#delayed[this.#at] = sample;
    this.#at = (this.#at + 1) % this.#delayed.length;
    const step = 1 / (RAMP_SECS * sampleRate);
    this.#gain = this.#speaking ? Math.min(1, this.#gain + step) : Math.max(0, this.#gain - step);
    return this.#settings.gate ? before * this.#gain : sample;
  }

  #listen(sample) {
    this.#power += sample * sample;
    this.#samples += 1;
    if (this.#samples < this.#window) return;
    const power = this.#power / this.#window;
    this.#power = this.#samples = 0;
    this.#decide(power > 10 ** (this.#settings.thresholdDb / 10));
    this.#loudest = Math.max(this.#loudest, power);
    this.#windows += 1;
    if (this.#windows === WINDOWS_PER_REPORT) this.#report();
  }

  #decide(loud) {
    this.#loudWindows = loud ? this.#loudWindows + 1 : 0;
    this.#quietMs = loud ? 0 : this.#quietMs + 1000 * WINDOW_SECS;
    this.#speaking = this.#speaking ? this.#quietMs < this.#settings.holdMs : this.#loudWindows >= ONSET;
    this.#loud ||= loud;
  }

  #report() {
    const decibels = 10 * Math.log10(this.#loudest + 1e-12);
    this.port.postMessage({ decibels, loud: this.#loud, speaking: this.#speaking });
    this.#windows = this.#loudest = 0;
    this.#loud = false;
  }
}

registerProcessor("voice", VoiceProcessor);
