/**
 * One call: WebRTC and the talk protocol, without a page.
 *
 * Rules: it touches no DOM, so that any page can use it; it is used once (call again = a new Call); whatever the server
 * says is handed on as an event and trusted for nothing else. A connection that is lost is made again, in the same
 * conversation if the server has kept it; the old one is closed after that, for the server takes a goodbye on it for the
 * end of the conversation.
 *
 *     microphone -> Connection -> server -> "stream" event -> <audio>
 *     data channel "parley" (JSON texts) -> one event per message, named by its type
 *
 * Events (CustomEvent, `detail` is the message; see the typedefs):
 *     stream {stream}            the agent's voice, again with each connection
 *     session, state, transcript, filler, reply, heard, timing, cost, problem      what the server tells
 *     reconnecting {cause, reason}   the connection was "lost", or "ended" by a server that may take the call again
 *     reconnected {resumed}      false: in a new conversation, whose turns are counted from 0
 *     end {cause, reason}        once, after start() has resolved: "hung-up", "ended" (by the server) or "lost"
 *
 * @typedef {{turn: number, text: string, final: boolean, stable?: number}} Transcript
 * @typedef {{turn: number, text: string}} Filler  said while the answer is on its way, and no part of it
 * @typedef {{turn: number, index: number, text: string}} Reply
 * @typedef {{turn: number, heard: string, unheard: string, interrupted: boolean, seconds: number}} Heard
 * @typedef {{turn: number, endpointing_ms: number, stt_ms: number, llm_ms: number, tts_ms: number, send_ms: number,
 *            total_ms: number, perceived_ms: number}} Timing
 */

import { door } from "./address.js";
import { again } from "./backoff.js";
import { CallError, Connection } from "./connection.js";

export { CallError };

const MESSAGES = new Set(["session", "state", "transcript", "filler", "reply", "heard", "timing", "cost", "problem"]);
const CONNECT_MS = 8_000;
const RECONNECT_MS = 60_000;
/** The server's reasons after which it, or the next one at its address, may take the call again. */
const COMES_BACK = new Set(["server-stopping", "vanished", "connection-failed"]);

export class Call extends EventTarget {
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Connection | null} the one that was lost, until there is another */
  #lost = null;
  /** @type {MediaStreamTrack | null} */
  #microphone = null;
  #began = false;
  #away = false;
  #over = false;
  /** @type {string[]} */
  #unsent = [];
  /** @type {string[]} what a new connection tells before it is known to be one */
  #early = [];
  #abort = new AbortController();

  /**
   * @param {object} [options]
   * @param {URL | string} [options.server]  its address, if not the one that this file came from
   * @param {number} [options.connectMs]
   * @param {number} [options.reconnectMs]  how long a lost connection is tried again, 0 for not at all
   * @param {boolean} [options.testTone]  the call begins with 440 Hz and no greeting
   * @param {RTCIceServer[] | Promise<RTCIceServer[]>} [options.iceServers]  as GET /v1/agent tells them
   */
  constructor({
    server,
    connectMs = CONNECT_MS,
    reconnectMs = RECONNECT_MS,
    testTone = false,
    iceServers = [],
  } = {}) {
    super();
    this.url = door("api/webrtc/offer", server);
    this.connectMs = connectMs;
    this.reconnectMs = reconnectMs;
    this.testTone = testTone;
    this.iceServers = iceServers;
    /** Known once the offer is answered; whoever knows it may read and stop the conversation. */
    this.sessionId = "";
    /** Milliseconds: from sending the first offer to its answer, and from the answer until media could flow. */
    this.took = { answer: NaN, connection: NaN };
  }

  get connected() {
    return Boolean(this.#connection?.connected) && !this.#away && !this.#over;
  }

  /**
   * Make the call; resolves once media flows. Without a microphone the answer is heard all the same, and setMicrophone
   * can still add one later.
   *
   * Open the microphone before: only then does a browser show its host candidates instead of mDNS names (RFC 8828).
   *
   * @param {MediaStreamTrack | null} microphone
   * @throws {CallError}
   */
  async start(microphone) {
    if (typeof RTCPeerConnection === "undefined") throw new CallError("unsupported");
    this.#microphone = microphone;
    try {
      await this.#connect(this.testTone ? { test_tone: true } : {});
    } catch (error) {
      this.#close();
      throw error;
    }
    this.took = this.#connection.took;
    this.#began = true;
  }

  /** Stop the answer that is being spoken. */
  interrupt() {
    this.#send({ type: "interrupt" });
  }

  /** Say something by typing it. @param {string} text at most 2,000 characters */
  say(text) {
    this.#send({ type: "text", text });
  }

  /** @param {MediaStreamTrack | null} track */
  async setMicrophone(track) {
    this.#microphone = track;
    await this.#connection?.setMicrophone(track);
  }

  /** End the call, or give up making it. */
  hangUp() {
    this.#send({ type: "bye" });
    this.#abort.abort();
    this.#end("hung-up");
  }

  /** @param {{test_tone?: boolean, resume?: string}} wishes */
  async #connect(wishes) {
    const iceServers = await this.iceServers;
    if (this.#abort.signal.aborted) throw new CallError("cancelled");
    const connection = new Connection(this.#microphone, iceServers, this.#abort.signal, {
      stream: (stream) => this.#tell("stream", { stream }),
      ready: () => (this.#unsent = this.#unsent.filter((text) => !connection.send(text))),
      text: (data) => {
        if (connection !== this.#connection) return;
        if (this.#away) this.#early.push(data);
        else this.#receive(data);
      },
      lost: () => connection === this.#connection && this.#gone("lost"),
    });
    this.#connection = connection;
    await connection.open(this.url, this.connectMs, wishes);
    this.sessionId = connection.sessionId;
  }

  /** The connection is over: make another, or end. @param {"lost" | "ended"} cause */
  async #gone(cause, reason = "") {
    if (this.#over || this.#away) return;
    const comesBack = cause === "lost" || COMES_BACK.has(reason);
    if (!this.#began || !comesBack || !this.reconnectMs) return this.#end(cause, reason);
    this.#away = true;
    this.#lost = this.#connection;
    const wanted = this.sessionId;
    this.#tell("reconnecting", { cause, reason });
    try {
      await again(() => this.#reconnect(wanted), this.reconnectMs, this.#abort.signal);
    } catch {
      return this.#end(cause, reason);
    }
    if (this.#over) return;
    this.#lost.close();
    this.#away = false;
    this.#tell("reconnected", { resumed: this.sessionId === wanted });
    this.#early.splice(0).forEach((data) => this.#receive(data));
    if (!this.#connection.connected) this.#gone("lost");
  }

  #reconnect(resume) {
    this.#early = [];
    return this.#connect({ resume });
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not of this protocol: a newer server may say more than this page knows
    }
    if (message?.type === "ended") this.#gone("ended", String(message.reason ?? ""));
    else if (MESSAGES.has(message?.type)) this.#tell(message.type, message);
  }

  #send(message) {
    const text = JSON.stringify(message);
    const sent = !this.#away && this.#connection?.send(text);
    if (!sent && !this.#over && message.type === "text") this.#unsent.push(text);
  }

  #end(cause, reason = "") {
    if (this.#over) return;
    this.#close();
    if (this.#began) this.#tell("end", { cause, reason });
  }

  #close() {
    this.#over = true;
    this.#connection?.close();
    this.#lost?.close();
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
