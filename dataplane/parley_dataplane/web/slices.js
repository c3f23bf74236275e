/** The microphone as a stream of 40 ms slices, Int16 at 16 kHz, for doors that take raw audio. */

/** Two filters of this kind leave a voice alone and little of what would come back as noise at half of 16 kHz. */
const HIGHEST_HZ = 7_000;

/**
 * @param {AudioContext} context  @param {MediaStream | AudioNode} heard  @param {(pcm: ArrayBuffer) => void} hear
 * @returns {Promise<AudioNode[]>} to be kept as long as it is to go on: a browser may free nodes that nobody holds
 */
export async function slice(context, heard, hear) {
  await context.audioWorklet.addModule(new URL("./slices-worklet.js", import.meta.url));
  const worklet = new AudioWorkletNode(context, "slices", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  worklet.port.addEventListener("message", ({ data }) => hear(data));
  worklet.port.start();
  const filters = [0, 1].map(() => new BiquadFilterNode(context, { type: "lowpass", frequency: HIGHEST_HZ }));
  const nodes = [
    heard instanceof MediaStream ? context.createMediaStreamSource(heard) : heard, ...filters, worklet,
  ];
  nodes.slice(1).forEach((node, index) => nodes[index].connect(node));
  return nodes;
}
