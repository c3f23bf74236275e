/**
 * One call: WebRTC and the talk protocol, without a page.
 *
 * Rules: it touches no DOM, so that any page can use it; it is used once (call again = a new Call); whatever the server
 * says is handed on as an event and trusted for nothing else. The offer is not trickled: the server answers a whole
 * offer with a whole answer, so one POST makes the call.
 *
 *     microphone -> RTCPeerConnection -> server -> "stream" event -> <audio>
 *     data channel "parley" (JSON texts) -> one event per message, named by its type
 *
 * Events (CustomEvent, `detail` is the message; see the typedefs):
 *     stream {stream}            the agent's voice
 *     session, state, transcript, reply, heard, timing, cost, problem      what the server tells
 *     end {cause, reason}        once, after start() has resolved: "hung-up", "ended" (by the server) or "lost"
 *
 * @typedef {{turn: number, text: string, final: boolean}} Transcript
 * @typedef {{turn: number, index: number, text: string}} Reply
 * @typedef {{turn: number, heard: string, unheard: string, interrupted: boolean, seconds: number}} Heard
 * @typedef {{turn: number, endpointing_ms: number, stt_ms: number, llm_ms: number, tts_ms: number, send_ms: number,
 *            total_ms: number}} Timing
 * @typedef {"unreachable" | "busy" | "refused" | "blocked" | "unsupported" | "cancelled"} Failure
 */

const MESSAGES = new Set(["session", "state", "transcript", "reply", "heard", "timing", "cost", "problem"]);

/** Gathering host candidates takes a few ms; a STUN server that never answers must not hold up the call. */
const GATHER_MS = 500;
const ANSWER_MS = 10_000;
const CONNECT_MS = 8_000;
/** ICE tells "disconnected" for a hiccup too, and most heal; after this long the person should know. */
const HEAL_MS = 5_000;

/** Why a call could not be made. `detail` is the server's own sentence, where there is one. */
export class CallError extends Error {
  /** @param {Failure} code  @param {string} [detail]  @param {number} [retryAfter] seconds */
  constructor(code, detail = "", retryAfter = 0) {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

export class Call extends EventTarget {
  #peer = null;
  #channel = null;
  #sender = null;
  #connected = false;
  #over = false;
  #unsent = [];
  #abort = new AbortController();
  #healing = 0;

  /**
   * @param {{url?: URL | string, connectMs?: number, testTone?: boolean}} [options] testTone: the call begins with
   *     440 Hz and no greeting
   */
  constructor({ url = new URL("../api/webrtc/offer", import.meta.url), connectMs = CONNECT_MS, testTone = false } = {}) {
    super();
    this.url = url;
    this.connectMs = connectMs;
    this.testTone = testTone;
    /** Known once the offer is answered; whoever knows it may read and stop the conversation. */
    this.sessionId = "";
    /** Milliseconds: from sending the offer to its answer, and from the answer until media could flow. */
    this.took = { answer: NaN, connection: NaN };
  }

  get connected() {
    return this.#connected && !this.#over;
  }

  /**
   * Make the call; resolves once media flows. Without a microphone the audio line is there all the same, so that the
   * answer is heard, and setMicrophone can still add one later without a new offer.
   *
   * Open the microphone before: only then does a browser show its host candidates instead of mDNS names (RFC 8828).
   *
   * @param {MediaStreamTrack | null} microphone
   * @throws {CallError}
   */
  async start(microphone) {
    if (typeof RTCPeerConnection === "undefined") throw new CallError("unsupported");
    try {
      this.#open(microphone);
      const answer = await this.#exchange();
      const answeredAt = performance.now();
      const connected = this.#connection();
      await this.#peer.setRemoteDescription(answer);
      await connected;
      this.took.connection = performance.now() - answeredAt;
    } catch (error) {
      this.#close();
      if (this.#abort.signal.aborted) throw new CallError("cancelled");
      throw error instanceof CallError ? error : new CallError("refused", String(error?.message ?? error));
    }
    this.#connected = true;
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
    await this.#sender?.replaceTrack(track);
  }

  /** End the call, or give up making it. */
  hangUp() {
    this.#send({ type: "bye" });
    this.#abort.abort();
    this.#end("hung-up");
  }

  #open(microphone) {
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    this.#sender = peer.addTransceiver(microphone ?? "audio", { direction: "sendrecv" }).sender;
    peer.addEventListener("track", ({ track, streams }) =>
      this.#tell("stream", { stream: streams[0] ?? new MediaStream([track]) }));
    peer.addEventListener("connectionstatechange", () => this.#watch());

    const channel = peer.createDataChannel("parley");
    this.#channel = channel;
    channel.addEventListener("open", () => this.#unsent.splice(0).forEach((text) => channel.send(text)));
    channel.addEventListener("message", ({ data }) => this.#receive(data));
    channel.addEventListener("close", () => this.#connected && this.#end("lost"));
  }

  async #exchange() {
    await this.#peer.setLocalDescription();
    await gathered(this.#peer, GATHER_MS);
    const { type, sdp } = this.#peer.localDescription;
    const offeredAt = performance.now();
    let response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(this.testTone ? { type, sdp, test_tone: true } : { type, sdp }),
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
    } catch {
      throw new CallError("unreachable");
    }
    const body = await response.json().catch(() => ({}));
    if (response.ok) {
      this.took.answer = performance.now() - offeredAt;
      this.sessionId = String(body.session_id);
      return { type: "answer", sdp: String(body.sdp) };
    }
    const detail = String(body.detail ?? body.title ?? `HTTP ${response.status}`);
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new CallError(response.status === 503 ? "busy" : "refused", detail, retryAfter);
  }

  /** Resolves when media can flow, rejects with "blocked" when it can't in time. */
  #connection() {
    return new Promise((resolve, reject) => {
      const peer = this.#peer;
      const blocked = () => reject(new CallError("blocked"));
      const timer = setTimeout(blocked, this.connectMs);
      this.#abort.signal.addEventListener("abort", blocked);
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState === "connected") resolve();
        else if (["failed", "closed"].includes(peer.connectionState)) blocked();
        else return;
        clearTimeout(timer);
      });
    });
  }

  #watch() {
    const state = this.#peer.connectionState;
    clearTimeout(this.#healing);
    if (!this.#connected) return;
    if (state === "failed" || state === "closed") this.#end("lost");
    if (state === "disconnected") this.#healing = setTimeout(() => this.#end("lost"), HEAL_MS);
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not of this protocol: a newer server may say more than this page knows
    }
    if (message?.type === "ended") this.#end("ended", String(message.reason ?? ""));
    else if (MESSAGES.has(message?.type)) this.#tell(message.type, message);
  }

  #send(message) {
    const text = JSON.stringify(message);
    if (this.#channel?.readyState === "open") this.#channel.send(text);
    else if (message.type === "text" && !this.#over) this.#unsent.push(text);
  }

  #end(cause, reason = "") {
    if (this.#over) return;
    const told = this.#connected;
    this.#close();
    if (told) this.#tell("end", { cause, reason });
  }

  #close() {
    this.#over = true;
    clearTimeout(this.#healing);
    this.#peer?.close();
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {RTCPeerConnection} peer  @param {number} limitMs */
function gathered(peer, limitMs) {
  return new Promise((resolve) => {
    const done = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, limitMs);
    done();
  });
}
