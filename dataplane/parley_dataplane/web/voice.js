/**
 * A stream whose voice is watched, and what is done with it: the gate of a microphone, the ducking of an agent.
 *
 *     microphone -> Voice (watches, gates) -> track -> RTCPeerConnection
 *     agent's stream -> Voice (watches) -> Ducker -> loudspeaker
 *
 * Rules: all sound goes through one AudioContext; who speaks is decided in the audio thread (voice-worklet.js), since
 * timers of a page in the background are late; times are performance.now().
 *
 * Events of a Voice: "begin" {} when somebody has begun to speak, "end" {} once they have been silent for holdMs.
 *
 * @typedef {{thresholdDb?: number, holdMs?: number, gate?: boolean}} Settings
 */

const FLOOR_DB = -60;
const DUCK_SECS = 0.02;
const RISE_SECS = 0.12;

export class Voice extends EventTarget {
  #source;
  #node;
  #level = 0;
  #decibels = -Infinity;
  #speaking = false;
  #voicedAt = -Infinity;

  /** @param {AudioContext} context  @param {MediaStream} stream  @param {Settings} settings */
  static async of(context, stream, settings) {
    await context.audioWorklet.addModule(new URL("./voice-worklet.js", import.meta.url));
    return new Voice(context, stream, settings);
  }

  constructor(context, stream, settings) {
    super();
    this.#source = context.createMediaStreamSource(stream);
    this.#node = new AudioWorkletNode(context, "voice", {
      channelCount: 1,
      channelCountMode: "explicit",
      outputChannelCount: [1],
    });
    this.#node.port.addEventListener("message", ({ data }) => this.#hear(data));
    this.#node.port.start();
    this.#source.connect(this.#node);
    this.change(settings);
  }

  /** What comes out of it. @returns {AudioNode} */
  get output() {
    return this.#node;
  }

  /** The same as a track that a call can send; a new one each time. @returns {MediaStreamTrack} */
  toTrack() {
    const end = this.#node.context.createMediaStreamDestination();
    end.channelCount = 1;
    this.#node.connect(end);
    return end.stream.getAudioTracks()[0];
  }

  /** How loud it is before the gate, 0 to 1 as in meter.js. */
  get level() {
    return this.#level;
  }

  /** The same in dB of full scale. */
  get decibels() {
    return this.#decibels;
  }

  get speaking() {
    return this.#speaking;
  }

  /** When the last sound above the threshold was. */
  get voicedAt() {
    return this.#voicedAt;
  }

  /** @param {Settings} settings those that change */
  change(settings) {
    this.#node.port.postMessage(settings);
  }

  close() {
    this.#source.disconnect();
    this.#node.disconnect();
    this.#node.port.close();
  }

  #hear({ decibels, loud, speaking }) {
    this.#decibels = decibels;
    this.#level = Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
    if (loud) this.#voicedAt = performance.now();
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    this.dispatchEvent(new CustomEvent(speaking ? "begin" : "end"));
  }
}

/** Lowers what it plays while somebody else speaks. */
export class Ducker {
  #gain;
  #context;

  /** @param {AudioContext} context  @param {AudioNode} source */
  constructor(context, source) {
    this.#context = context;
    this.#gain = context.createGain();
    source.connect(this.#gain).connect(context.destination);
  }

  /** What is heard of it. @returns {AudioNode} */
  get output() {
    return this.#gain;
  }

  /** @param {number} decibels 0 is as it came, less is lower */
  set(decibels) {
    const secs = decibels < 0 ? DUCK_SECS : RISE_SECS;
    this.#gain.gain.setTargetAtTime(10 ** (decibels / 20), this.#context.currentTime, secs / 3);
  }
}
