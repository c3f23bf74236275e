/**
 * Silero's network in WebAssembly: 512 samples of 16 kHz in, how likely it is that somebody speaks in them out.
 *
 * Rules: it knows the program (silero.wasm, made of silero.c) and that its weights come apart from it, and nothing of
 * pages, workers or who speaks; one instance hears one stream.
 */

/** Samples of a window. */
export const WINDOW = 512;

export class SileroNetwork {
  #wasm;

  /** @param {BufferSource} program silero.wasm  @param {ArrayBuffer} weights as the server has them at silero.weights */
  static async of(program, weights) {
    const { instance } = await WebAssembly.instantiate(program, { env: { exp: Math.exp } });
    return new SileroNetwork(instance.exports, weights);
  }

  /** @param {WebAssembly.Exports} wasm  @param {ArrayBuffer} weights */
  constructor(wasm, weights) {
    if (weights.byteLength !== wasm.size()) throw new Error(`weights of ${weights.byteLength} bytes, not ${wasm.size()}`);
    this.#wasm = wasm;
    new Uint8Array(wasm.memory.buffer, wasm.weights()).set(new Uint8Array(weights));
  }

  /** @param {Int16Array} samples WINDOW of them, the next of the stream  @returns {number} 0 to 1 */
  hear(samples) {
    const window = new Float32Array(this.#wasm.memory.buffer, this.#wasm.window(), WINDOW);
    for (let i = 0; i < WINDOW; i += 1) window[i] = samples[i] / 32_768;
    return this.#wasm.step();
  }
}
