/**
 * FastRTC Voice AI's page: its own WebSocket protocol, with a microphone, the state, captions and the answer's sound.
 *
 * Rules: this file alone knows the page's elements; a conversation is `talk`, and there is at most one; the page's look
 * follows two attributes of <body>, data-phase (off, connecting, on) and data-state (the turn).
 */

import { Captions } from "./captions.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { Orb, clock } from "./orb.js";
import { Player } from "./player.js";
import { slice } from "./slices.js";
import { VoiceSocket } from "./voice-socket.js";
import { STATES, WORDS as PAGES } from "./words.js";

/** This page has no field to type in. */
const WORDS = { ...PAGES, muted: ["Muted", "Unmute to speak."] };
const STAGES = ["stt_ms", "llm_ms", "tts_ms", "total_ms"];

/** The server's clock of an answer runs ahead of this page's by the way here: so much is left when it is over. */
const TAIL_SECS = 0.5;

const at = (id) => document.getElementById(id);
const body = document.body;
const notice = new Notice(at("notice"), act);
const captions = new Captions(at("captions"), at("scroller"), (text) => (at("announcer").textContent = text));
const meter = new MeterBar(at("meter"));
const orb = new Orb([...document.querySelectorAll(".orb-bars rect")]);

/**
 * @typedef {object} Talk  one conversation and what belongs to it
 * @property {VoiceSocket} socket
 * @property {AudioContext} audio
 * @property {Player} player
 * @property {Level} agents
 * @property {MediaStream | null} stream    the microphone
 * @property {AudioNode[]} nodes            from the microphone to the socket
 * @property {Level | null} mine
 * @property {number} since                 milliseconds, when it began
 * @property {number} said                  what the person has said so far, counted
 * @property {number} answered
 */
/** @type {Talk | null} */
let talk = null;
/** The turn as the server tells it. */
let state = "idle";

// The conversation

async function begin() {
  if (talk) return;
  notice.hide();
  captions.clear();
  tell(null);
  state = captions.state = "idle";
  const audio = new AudioContext();
  const player = new Player(audio);
  const agents = new Level(audio, player.stream);
  const begun = {
    socket: new VoiceSocket(), audio, player, agents, stream: null, nodes: [], mine: null, since: 0, said: 0, answered: 0,
  };
  talk = begun;
  audio.resume(); // Safari: only in answer to a click
  listen(begun);
  show();
  try {
    begun.stream = await microphone.open("");
    if (talk !== begun) return release(begun); // hung up while the browser asked for the microphone
    begun.mine = new Level(audio, begun.stream);
    const [track] = begun.stream.getAudioTracks();
    track.enabled = !muted();
    track.addEventListener("ended", () => talk === begun && end(begun, "microphone"));
    await begun.socket.start();
    begun.nodes = await slice(audio, begun.stream, (pcm) => begun.socket.hear(pcm));
    if (talk !== begun) return release(begun);
    begun.since = performance.now();
    show();
  } catch (error) {
    if (talk !== begun) return;
    end(begun, error.code ?? "refused", error.detail ?? "");
  }
}

/** @param {Talk} of */
function listen(of) {
  const { socket, player } = of;
  socket.addEventListener("state_change", ({ detail }) => {
    if (!STATES.has(detail.state)) return;
    state = captions.state = detail.state;
    if (state === "listening" || state === "processing" || (state === "idle" && player.left > TAIL_SECS)) player.stop();
    show();
  });
  socket.addEventListener("audio", ({ detail }) => player.play(detail.wav));
  socket.addEventListener("transcript", ({ detail }) => {
    captions.transcript({ turn: of.said++, text: detail.text, final: true });
    show();
  });
  socket.addEventListener("response", ({ detail }) => {
    captions.heard({ turn: of.answered++, heard: detail.text, unheard: "", interrupted: false, seconds: 0 });
    tell(detail.timing);
    show();
  });
  socket.addEventListener("error", ({ detail }) => notice.show("problem", detail.message));
  socket.addEventListener("reconnecting", ({ detail }) => away(of, detail.reason));
  socket.addEventListener("reconnected", () => back());
  socket.addEventListener("end", ({ detail }) => talk === of && end(of, detail.cause, detail.reason));
}

/** The connection is being made again. @param {Talk} of  @param {string} reason */
function away({ player }, reason) {
  player.stop();
  notice.show("reconnecting", reason);
  show();
}

function back() {
  notice.show("anew");
  state = captions.state = "idle";
  show();
}

/** @param {Talk} of  @param {string} cause  @param {string} [reason] */
function end(of, cause, reason = "") {
  if (talk === of) talk = null;
  release(of);
  show();
  if (cause === "hung-up") return notice.hide();
  notice.show(cause === "microphone" ? "missing" : cause, reason);
}

/** @param {Talk} of */
function release({ audio, player, socket, stream }) {
  stream?.getTracks().forEach((track) => track.stop());
  player.stop();
  socket.hangUp();
  if (audio.state !== "closed") audio.close();
}

function hangUp() {
  const of = talk;
  end(of, "hung-up");
}

function interrupt() {
  talk?.player.stop();
  talk?.socket.interrupt();
}

/** What the buttons of a notice do. @param {import("./notices.js").Action} action */
function act(action) {
  if (action === "retry") {
    at("call").focus();
    begin();
  }
  if (action === "type") location.assign(new URL("../", import.meta.url)); // the talk page has a field for it
}

// The page

const muted = () => at("mute").getAttribute("aria-pressed") === "true";

function phase() {
  if (!talk) return "off";
  return talk.since && talk.socket.connected ? "on" : "connecting";
}

function show() {
  const now = phase();
  const on = now === "on";
  const [title, hint] = WORDS[!on ? (talk?.since ? "reconnecting" : now) : state === "idle" && muted() ? "muted" : state];
  body.dataset.phase = now;
  body.dataset.state = on ? state : "idle";
  body.dataset.muted = String(muted());
  write(at("state"), title);
  write(at("hint"), hint);
  write(at("call-label"), on ? "Hang up" : now === "connecting" ? "Cancel" : captions.empty ? "Start talking" : "Talk again");
  at("interrupt").disabled = !on || state !== "speaking";
  at("mute").disabled = !on;
  at("welcome").hidden = !captions.empty;
}

/** @param {import("./voice-socket.js").Timing | null} timing */
function tell(timing) {
  for (const stage of STAGES) {
    const ms = timing?.[stage];
    write(at(stage), Number.isFinite(ms) ? `${ms} ms` : "–");
  }
}

/** A live region is told only what has changed. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Pictures: the level meter, the orb, the clock

function draw(now) {
  const hearing = talk?.mine && !muted();
  const mine = hearing ? talk.mine.read() : 0;
  const agents = talk?.agents.read() ?? 0;
  meter.draw(mine, now, hearing ? "" : "off");
  orb.draw(state === "speaking" ? agents : state === "processing" ? 0 : mine);
  write(at("clock"), clock(talk?.since ? now - talk.since : 0));
  requestAnimationFrame(draw);
}

at("call").addEventListener("click", () => (talk ? hangUp() : begin()));
at("interrupt").addEventListener("click", interrupt);
at("mute").addEventListener("click", () => {
  at("mute").setAttribute("aria-pressed", String(!muted()));
  talk?.stream?.getAudioTracks().forEach((track) => (track.enabled = !muted()));
  show();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && state === "speaking") interrupt();
});
addEventListener("pagehide", () => talk && hangUp());

if (!microphone.allowed()) notice.show("insecure");
show();
requestAnimationFrame(draw);
