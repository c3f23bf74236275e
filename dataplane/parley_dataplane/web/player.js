/**
 * Plays an answer that comes as files or as samples, each behind the one before without a gap.
 *
 * Rules: what is stopped stays silent, also what is still being decoded; a file that can't be decoded is left out.
 */

/** A source that is to start in the past would lose its beginning. */
const AHEAD_SECS = 0.02;

export class Player {
  #context;
  #out;
  #sources = new Set();
  #decoded = Promise.resolve();
  #until = 0;
  #answer = 0;

  /** @param {AudioContext} context */
  constructor(context) {
    this.#context = context;
    this.#out = new GainNode(context);
    this.#out.connect(context.destination);
    const tap = context.createMediaStreamDestination();
    this.#out.connect(tap);
    /** What is played, for a meter. */
    this.stream = tap.stream;
  }

  /** Seconds of sound that are still to come. */
  get left() {
    return Math.max(0, this.#until - this.#context.currentTime);
  }

  /** @param {ArrayBuffer} file */
  play(file) {
    const answer = this.#answer;
    const samples = this.#context.decodeAudioData(file).catch(() => null);
    this.#decoded = this.#decoded.then(async () => {
      const buffer = await samples;
      if (buffer && answer === this.#answer) this.#schedule(buffer);
    });
  }

  /** @param {ArrayBuffer} pcm Int16, mono, at the rate of the context: at another one each piece would be resampled by itself */
  playSamples(pcm) {
    const samples = new Int16Array(pcm);
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    const channel = buffer.getChannelData(0);
    samples.forEach((sample, index) => (channel[index] = sample / 32_768));
    this.#schedule(buffer);
  }

  stop() {
    this.#answer += 1;
    this.#until = 0;
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
  }

  #schedule(buffer) {
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    const start = Math.max(this.#until, this.#context.currentTime + AHEAD_SECS);
    source.connect(this.#out);
    source.addEventListener("ended", () => this.#sources.delete(source));
    source.start(start);
    this.#sources.add(source);
    this.#until = start + buffer.duration;
  }
}
