/**
 * One WebRTC connection to a server, for a call: made once, lost once.
 *
 * Rules: the offer is not trickled: the server answers a whole offer with a whole answer, so one POST makes the
 * connection; it tells that it is lost at most once, and never before it was open.
 *
 * @typedef {"unreachable" | "busy" | "refused" | "blocked" | "unsupported" | "cancelled"} Failure
 * @typedef {object} Listener
 * @property {(stream: MediaStream) => void} stream  the agent's voice
 * @property {() => void} ready                      texts can be sent
 * @property {(data: string) => void} text
 * @property {() => void} lost
 */

/** Gathering host candidates takes a few ms; a STUN server that never answers must not hold up the call. */
const GATHER_MS = 500;
const ANSWER_MS = 10_000;
/** ICE tells "disconnected" for a hiccup too, and many heal; so long nobody has heard anything already. */
const HEAL_MS = 3_000;
/** The server has no such conversation, or no more. */
const GONE = new Set([404, 410]);

/** Why a call could not be made. `detail` is the server's own sentence, where there is one. */
export class CallError extends Error {
  /** @param {Failure} code  @param {string} [detail]  @param {number} [retryAfter] seconds  @param {number} [status] HTTP's */
  constructor(code, detail = "", retryAfter = 0, status = 0) {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.status = status;
  }
}

export class Connection {
  /** @type {RTCPeerConnection} */
  #peer;
  /** @type {RTCDataChannel} */
  #channel;
  /** @type {RTCRtpSender} */
  #sender;
  /** @type {Listener} */
  #listener;
  #signal;
  #open = false;
  #over = false;
  #healing = 0;

  /**
   * @param {MediaStreamTrack | null} microphone  @param {RTCIceServer[]} iceServers
   * @param {AbortSignal} signal gives up  @param {Listener} listener
   */
  constructor(microphone, iceServers, signal, listener) {
    this.#listener = listener;
    this.#signal = signal;
    /** Milliseconds: from sending the offer to its answer, and from the answer until media could flow. */
    this.took = { answer: NaN, connection: NaN };
    /** Known once the offer is answered. */
    this.sessionId = "";
    const peer = new RTCPeerConnection({ iceServers });
    this.#peer = peer;
    // Without a microphone the line is there all the same: the answer is heard, and one can be added later.
    this.#sender = peer.addTransceiver(microphone ?? "audio", { direction: "sendrecv" }).sender;
    peer.addEventListener("track", ({ track, streams }) => listener.stream(streams[0] ?? new MediaStream([track])));
    peer.addEventListener("connectionstatechange", () => this.#watch());
    const channel = peer.createDataChannel("parley");
    this.#channel = channel;
    channel.addEventListener("open", () => listener.ready());
    channel.addEventListener("message", ({ data }) => this.#over || listener.text(data));
    channel.addEventListener("close", () => this.#lost());
  }

  get connected() {
    return this.#open && !this.#over;
  }

  /**
   * Resolves once media flows. @param {URL} url  @param {number} connectMs
   * @param {{test_tone?: boolean, resume?: string}} wishes  @throws {CallError}
   */
  async open(url, connectMs, wishes) {
    try {
      await this.#peer.setLocalDescription();
      await gathered(this.#peer, GATHER_MS);
      const offeredAt = performance.now();
      const answer = await this.#exchange(url, wishes);
      const answeredAt = performance.now();
      const connected = this.#connection(connectMs);
      await this.#peer.setRemoteDescription(answer);
      await connected;
      this.took = { answer: answeredAt - offeredAt, connection: performance.now() - answeredAt };
      this.#open = true;
    } catch (error) {
      this.close();
      if (this.#signal.aborted) throw new CallError("cancelled");
      throw error instanceof CallError ? error : new CallError("refused", String(error?.message ?? error));
    }
  }

  /** @param {string} text  @returns {boolean} whether it could be sent */
  send(text) {
    // While ICE tells "disconnected" the channel is open, but what it takes may never arrive.
    if (this.#channel.readyState !== "open" || this.#peer.connectionState !== "connected") return false;
    this.#channel.send(text);
    return true;
  }

  /** @param {MediaStreamTrack | null} track */
  async setMicrophone(track) {
    if (this.#over) return; // the next connection begins with it
    await this.#sender.replaceTrack(track);
  }

  close() {
    this.#over = true;
    clearTimeout(this.#healing);
    this.#peer.close();
  }

  /**
   * A conversation that the server has not kept is begun anew, by the same offer.
   *
   * @param {URL} url  @param {{test_tone?: boolean, resume?: string}} wishes  @returns {Promise<RTCSessionDescriptionInit>}
   */
  async #exchange(url, { resume, ...wishes }) {
    const { type, sdp } = this.#peer.localDescription;
    const offer = { type, sdp, ...wishes };
    try {
      return await this.#post(url, resume ? { ...offer, resume } : offer);
    } catch (error) {
      if (!resume || !GONE.has(error.status)) throw error;
      return await this.#post(url, offer);
    }
  }

  /** @returns {Promise<RTCSessionDescriptionInit>} */
  async #post(url, offer) {
    let response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(offer),
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)]),
      });
    } catch {
      throw new CallError("unreachable");
    }
    const body = await response.json().catch(() => ({}));
    if (response.ok) {
      this.sessionId = String(body.session_id);
      return { type: "answer", sdp: String(body.sdp) };
    }
    const detail = String(body.detail ?? body.title ?? `HTTP ${response.status}`);
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new CallError(failure(response.status, body), detail, retryAfter, response.status);
  }

  /** Resolves when media can flow, rejects with "blocked" when it can't in time. */
  #connection(connectMs) {
    return new Promise((resolve, reject) => {
      const peer = this.#peer;
      const blocked = () => reject(new CallError("blocked"));
      const timer = setTimeout(blocked, connectMs);
      this.#signal.addEventListener("abort", blocked);
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState === "connected") resolve(undefined);
        else if (["failed", "closed"].includes(peer.connectionState)) blocked();
        else return;
        clearTimeout(timer);
      });
    });
  }

  #watch() {
    const state = this.#peer.connectionState;
    clearTimeout(this.#healing);
    if (state === "connected" && this.#channel.readyState === "open") this.#listener.ready(); // it has healed
    if (state === "failed" || state === "closed") this.#lost();
    if (state === "disconnected") this.#healing = setTimeout(() => this.#lost(), HEAL_MS);
  }

  #lost() {
    if (!this.connected) return;
    this.#over = true;
    this.#listener.lost();
  }
}

/** What a status means; a proxy without a server behind it says 502 or 504, without a problem of ours. @returns {Failure} */
function failure(status, { type }) {
  if (status === 503 || status === 429) return "busy";
  return !type && (status === 502 || status === 504) ? "unreachable" : "refused";
}

/** @param {RTCPeerConnection} peer  @param {number} limitMs @returns {Promise<void>} */
function gathered(peer, limitMs) {
  return new Promise((resolve) => {
    const done = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, limitMs);
    done();
  });
}
