/**
 * What GET /api/voice/sessions/{id} tells of the call, asked for twice a second while it lasts.
 *
 * Rules: one request at a time; what the server does not tell is a dash; after the call its last state stays in sight.
 */

const EVERY_MS = 500;

/** Name on the page -> the value in the server's answer. */
const SHOWN = {
  Id: (told) => told.session_id,
  State: (told) => told.state,
  Door: (told) => told.door,
  "Voice threshold of the server": (told) => told.settings?.vad_threshold,
  "Silence that ends a turn": (told) => told.settings && `${told.settings.silence_ms} ms`,
  Turns: (told) => told.metrics?.turns,
  Interruptions: (told) => told.metrics?.interruptions,
  "STT, LLM, TTS calls": ({ metrics }) => metrics && `${metrics.stt_calls}, ${metrics.llm_calls}, ${metrics.tts_calls}`,
  "PCM heard": (told) => told.metrics && kilobytes(told.metrics.bytes_heard),
  "PCM said": (told) => told.metrics && kilobytes(told.metrics.bytes_said),
};

export class SessionCard {
  #rows;
  /** @type {AbortController | null} */
  #watch = null;

  /** @param {import("./figures.js").Rows} rows */
  constructor(rows) {
    this.#rows = rows;
    this.#show({});
  }

  /** @param {string} id */
  async watch(id) {
    const watch = new AbortController();
    this.#watch = watch;
    while (!watch.signal.aborted) {
      const told = await ask(id, watch.signal);
      if (!watch.signal.aborted) this.#show(told);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  /** The call is over: what was told last stays. */
  leave() {
    if (!this.#watch) return;
    this.#watch.abort();
    this.#watch = null;
    this.#rows.set("State", "ended");
  }

  #show(told) {
    for (const [name, value] of Object.entries(SHOWN)) this.#rows.set(name, String(value(told) ?? "–"));
  }
}

async function ask(id, signal) {
  const url = new URL(`../api/voice/sessions/${encodeURIComponent(id)}`, import.meta.url);
  const response = await fetch(url, { signal }).catch(() => null);
  return (response?.ok && (await response.json().catch(() => null))) || {};
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;
