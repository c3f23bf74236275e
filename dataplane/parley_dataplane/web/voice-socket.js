/**
 * One conversation over a WebSocket, without a page; in which words is a dialect: FastRTC Voice AI's, or that of /ws
 * (duplex-socket.js).
 *
 * Rules: it touches no DOM; it is used once (talk again = a new VoiceSocket); whatever the server says is handed on as
 * an event and trusted for nothing else. A connection that is lost is made again, always in a new session: this door
 * keeps none for whoever comes back.
 *
 *     hello ->                    <- began, then one event per message, named by its type
 *     Int16 audio ->              <- audio: "audio" events
 *
 * Events (CustomEvent, `detail` is the message), here of FastRTC Voice AI:
 *     state_change {state}        idle, listening, processing, speaking
 *     transcript {text}           what was understood
 *     response {text, timing}     the whole answer
 *     audio {data}                a part of it that is to be played now, or behind the one before; a WAV
 *     error {code, message}       something failed, and the conversation goes on
 *     reconnecting {cause, reason}   the connection was "lost", or "ended" by a server that may take it again
 *     reconnected {resumed}       in a new session: resumed is false
 *     end {cause, reason}         once, after start() has resolved: "hung-up", "ended" (by the server) or "lost"
 *
 * @typedef {{stt_ms: number | null, llm_ms: number | null, tts_ms: number | null, total_ms: number | null}} Timing
 * @typedef {"unreachable" | "busy" | "refused"} Failure
 *
 * @typedef {object} Dialect
 * @property {string} path       of the door
 * @property {object | null} hello  what the client says first
 * @property {string} began      the type of the message that says that the session is there
 * @property {string} ended      of the one that says that it is over
 * @property {object | null} bye   what the client says last
 * @property {string[]} told     the types of all others that are handed on
 */

import { door } from "./address.js";
import { again } from "./backoff.js";

/** @returns {Dialect} @param {string} userId */
const fastrtc = (userId) => ({
  path: "api/v1/rtc/stream",
  hello: { type: "start_session", user_id: userId },
  began: "session_started",
  ended: "session_ended",
  bye: { type: "end_session" },
  told: ["state_change", "transcript", "response", "error"],
});

const START_MS = 10_000;
const RECONNECT_MS = 60_000;
/** The server's reason after which the next one at its address may take the conversation. */
const COMES_BACK = "server-stopping";
/** RFC 6455's registry: 1013, try again later. */
const TRY_AGAIN_LATER = 1013;

/** Why a conversation could not begin. `detail` is the server's own sentence, where there is one. */
export class VoiceSocketError extends Error {
  /** @param {Failure} code  @param {string} [detail]  @param {number} [retryAfter] seconds */
  constructor(code, detail = "", retryAfter = 0) {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

export class VoiceSocket extends EventTarget {
  #dialect;
  /** @type {WebSocket | null} */
  #socket = null;
  #began = false;
  #away = false;
  #over = false;
  #reason = "";
  #abort = new AbortController();

  /**
   * @param {object} [options]
   * @param {URL | string} [options.server]  its address, if not the one that this file came from
   * @param {string} [options.userId]
   * @param {number} [options.reconnectMs]  how long a lost connection is tried again, 0 for not at all
   * @param {Dialect} [options.dialect]
   */
  constructor({ server, userId = "browser", reconnectMs = RECONNECT_MS, dialect = fastrtc(userId) } = {}) {
    super();
    this.#dialect = dialect;
    this.url = door(dialect.path, server);
    this.url.protocol = this.url.protocol.replace("http", "ws");
    this.reconnectMs = reconnectMs;
  }

  get connected() {
    return this.#began && !this.#away && !this.#over;
  }

  /** Connect, and begin a session; resolves with its first message. @throws {VoiceSocketError} */
  async start() {
    const started = await this.#connect();
    this.#began = true;
    return started;
  }

  /** @param {ArrayBuffer} pcm Int16, 16 kHz, mono: the next of what the microphone hears */
  hear(pcm) {
    if (this.connected && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(pcm);
  }

  /** Stop the answer that is being spoken. */
  interrupt() {
    this.send({ type: "interrupt" });
  }

  /** End the conversation, or give up beginning it. */
  hangUp() {
    const { bye } = this.#dialect;
    if (bye) this.send(bye);
    this.#abort.abort();
    this.#end("hung-up");
  }

  #connect() {
    const { hello, began, ended, told } = this.#dialect;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#reason = "";
    socket.binaryType = "arraybuffer";
    return new Promise((resolve, reject) => {
      let started = false;
      let refusal = {};
      const fail = (code) => {
        clearTimeout(timer);
        socket.close();
        reject(new VoiceSocketError(code, String(refusal.message ?? ""), Number(refusal.retry_after) || 0));
      };
      const timer = setTimeout(() => fail("unreachable"), START_MS);
      socket.addEventListener("open", () => hello && this.send(hello));
      socket.addEventListener("close", ({ code }) => {
        if (started) this.#gone(this.#reason ? "ended" : "lost", this.#reason);
        else fail(code === TRY_AGAIN_LATER ? "busy" : refusal.message ? "refused" : "unreachable");
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return this.#tell("audio", { data });
        const message = parsed(data);
        if (message.type === began) {
          clearTimeout(timer);
          started = true;
          resolve(message);
        } else if (message.type === ended) this.#reason = String(message.reason ?? "");
        else if (message.type === "error" && !started) refusal = message;
        else if (told.includes(message.type)) this.#tell(message.type, message);
      });
    });
  }

  /** The connection is over: make another, or end. @param {"lost" | "ended"} cause  @param {string} reason */
  async #gone(cause, reason) {
    if (this.#over || this.#away) return;
    if (!this.reconnectMs || (cause === "ended" && reason !== COMES_BACK)) return this.#end(cause, reason);
    this.#away = true;
    this.#tell("reconnecting", { cause, reason });
    try {
      await again(() => this.#connect(), this.reconnectMs, this.#abort.signal);
    } catch {
      return this.#end(cause, reason);
    }
    if (this.#over) return;
    this.#away = false;
    this.#tell("reconnected", { resumed: false });
    if (this.#socket.readyState !== WebSocket.OPEN) this.#gone("lost", "");
  }

  /** @param {object} message of the dialect */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #end(cause, reason = "") {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.close();
    if (this.#began) this.#tell("end", { cause, reason });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // not of this protocol: a newer server may say more than this page knows
  }
}
