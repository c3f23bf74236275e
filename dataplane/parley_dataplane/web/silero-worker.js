/**
 * Silero beside the page, as a worker: slices of Int16 at 16 kHz in, a probability for each 32 ms out.
 *
 * Messages: {program, weights} first, each an address; then slices (ArrayBuffer). Out: {ready} or {failed}, then
 * {probability, took}; `took` is in milliseconds.
 */

import { SileroNetwork, WINDOW } from "./silero-network.js";

/** @type {SileroNetwork | null} */
let network = null;
const pending = new Int16Array(WINDOW);
let filled = 0;

self.addEventListener("message", ({ data }) => (data instanceof ArrayBuffer ? hear(new Int16Array(data)) : load(data)));

async function load({ program, weights }) {
  try {
    network = await SileroNetwork.of(...(await Promise.all([program, weights].map(bytes))));
    self.postMessage({ ready: true });
  } catch (error) {
    self.postMessage({ failed: String(error?.message ?? error) });
  }
}

async function bytes(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.arrayBuffer();
}

/** @param {Int16Array} slice */
function hear(slice) {
  if (!network) return;
  for (let at = 0; at < slice.length; ) {
    const part = slice.subarray(at, at + WINDOW - filled);
    pending.set(part, filled);
    filled += part.length;
    at += part.length;
    if (filled < WINDOW) return;
    filled = 0;
    const began = performance.now();
    const probability = network.hear(pending);
    self.postMessage({ probability, took: performance.now() - began });
  }
}
