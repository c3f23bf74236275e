/**
 * One conversation over a WebSocket, without a page; in which words is a dialect: FastRTC Voice AI's, or that of /ws
 * (duplex-socket.js).
 *
 * Rules: it touches no DOM; it is used once (talk again = a new VoiceSocket); whatever the server says is handed on as
 * an event and trusted for nothing else.
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
 *     end {cause, reason}         once, after start() has resolved: "hung-up", "ended" (by the server) or "lost"
 *
 * @typedef {{stt_ms: number | null, llm_ms: number | null, tts_ms: number | null, total_ms: number | null}} Timing
 * @typedef {"unreachable" | "busy" | "refused"} Failure
 *
 * @typedef {object} Dialect
 * @property {string} path       of the door, from the page's modules
 * @property {object | null} hello  what the client says first
 * @property {string} began      the type of the message that says that the session is there
 * @property {string} ended      of the one that says that it is over
 * @property {object | null} bye   what the client says last
 * @property {string[]} told     the types of all others that are handed on
 */

/** @type {Dialect} */
const FASTRTC = {
  path: "../api/v1/rtc/stream",
  hello: { type: "start_session", user_id: "browser" },
  began: "session_started",
  ended: "session_ended",
  bye: { type: "end_session" },
  told: ["state_change", "transcript", "response", "error"],
};

const START_MS = 10_000;
/** RFC 6455's registry: 1013, try again later. */
const TRY_AGAIN_LATER = 1013;

/** Why a conversation could not begin. `detail` is the server's own sentence, where there is one. */
export class VoiceSocketError extends Error {
  /** @param {Failure} code  @param {string} [detail] */
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
}

export class VoiceSocket extends EventTarget {
  #dialect;
  #socket = null;
  #started = false;
  #over = false;
  #reason = "";

  /** @param {{url?: URL | string, dialect?: Dialect}} [options] */
  constructor({ dialect = FASTRTC, url = new URL(dialect.path, import.meta.url) } = {}) {
    super();
    this.#dialect = dialect;
    this.url = new URL(url);
    this.url.protocol = this.url.protocol.replace("http", "ws");
  }

  get connected() {
    return this.#started && !this.#over;
  }

  /** Connect, and begin a session; resolves with its first message. @throws {VoiceSocketError} */
  start() {
    const { hello, began, ended, told } = this.#dialect;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    return new Promise((resolve, reject) => {
      let refusal = "";
      const fail = (code) => {
        clearTimeout(timer);
        this.#close();
        reject(new VoiceSocketError(code, refusal));
      };
      const timer = setTimeout(() => fail("unreachable"), START_MS);
      socket.addEventListener("open", () => hello && this.send(hello));
      socket.addEventListener("close", ({ code }) => {
        if (this.#started) this.#end(this.#reason ? "ended" : "lost", this.#reason);
        else fail(code === TRY_AGAIN_LATER ? "busy" : refusal ? "refused" : "unreachable");
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return this.#tell("audio", { data });
        const message = parsed(data);
        if (message.type === began) {
          clearTimeout(timer);
          this.#started = true;
          resolve(message);
        } else if (message.type === ended) this.#reason = String(message.reason ?? "");
        else if (message.type === "error" && !this.#started) refusal = String(message.message ?? "");
        else if (told.includes(message.type)) this.#tell(message.type, message);
      });
    });
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
    this.#end("hung-up");
  }

  /** @param {object} message of the dialect */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #end(cause, reason = "") {
    if (this.#over) return;
    const told = this.#started;
    this.#close();
    if (told) this.#tell("end", { cause, reason });
  }

  #close() {
    this.#over = true;
    this.#socket?.close();
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
