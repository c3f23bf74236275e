/**
 * One conversation over /ws, the full-duplex agent's WebSocket: Int16 at 16 kHz up, at 24 kHz down.
 *
 * Events beside "audio" and "end" of every VoiceSocket (CustomEvent, `detail` is the message):
 *     state {state}               idle, listening, processing, speaking
 *     partial, transcript, heard  what the person says, and what of an answer was heard, as in call.js
 *     text {turn, index, text}    the answer, as it grows; {turn, text, filler: true} what is said while it is made
 *     interrupted {}              what is not played yet must not be
 *     metrics                     the stages of an answer, as the Timing of call.js
 *     cost                        what the turn and the call cost, as in cost.js
 *     error {code, message}       something failed, and the conversation goes on
 */

import { VoiceSocket } from "./voice-socket.js";

/** @type {import("./voice-socket.js").Dialect} */
const DUPLEX = {
  path: "ws",
  hello: null,
  began: "session",
  ended: "ended",
  bye: null,
  told: ["state", "partial", "transcript", "text", "heard", "interrupted", "metrics", "cost", "error"],
};

/** Samples a second of what comes down. */
export const SPEAKING_RATE = 24_000;

export class DuplexSocket extends VoiceSocket {
  constructor() {
    super({ dialect: DUPLEX });
  }

  /** Say something by typing it. @param {string} text at most 2,000 characters */
  say(text) {
    this.send({ type: "text", text });
  }
}
