/**
 * FastRTC Voice AI's page: its own WebSocket protocol, with a microphone, the state, captions and the answer's sound.
 *
 * Rules: this file and stage.js alone know the page's elements; a conversation is `talk`, and there is at most one.
 */

import { agent } from "./agent.js";
import { Captions } from "./captions.js";
import { Loudness } from "./loudness.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { Player } from "./player.js";
import { slice } from "./slices.js";
import { Stage, phase, write } from "./stage.js";
import { offerTranscript } from "./transcript.js";
import { VoiceSocket } from "./voice-socket.js";
import { QUIET, WORDS as PAGES } from "./words.js";

/** This page has no field to type in. */
const WORDS = { ...PAGES, muted: ["Muted", "Unmute to speak."] };
const STAGES = ["stt_ms", "llm_ms", "tts_ms", "total_ms"];

/** The server's clock of an answer runs ahead of this page's by the way here: so much is left when it is over. */
const TAIL_SECS = 0.5;

const at = (id) => document.getElementById(id);
const notice = new Notice(at("notice"), act);
const announce = (text) => (at("announcer").textContent = text);
const captions = new Captions(at("captions"), at("scroller"), announce);
const meter = new MeterBar(at("meter"));
const stage = new Stage({
  call: () => (talk ? hangUp() : begin()), interrupt, mute, words: WORDS, labels: ["Start talking", "Talk again"],
});

/**
 * @typedef {object} Talk  one conversation and what belongs to it
 * @property {VoiceSocket} socket
 * @property {AudioContext} audio
 * @property {Player} player
 * @property {Level} agents
 * @property {MediaStream | null} stream    the microphone
 * @property {AudioNode[]} nodes            from the microphone to the socket
 * @property {Level | null} mine
 * @property {Loudness} loudness            whether that is enough
 * @property {number} since                 milliseconds, when it began
 * @property {number} said                  what the person has said so far, counted
 * @property {number} answered
 */
/** @type {Talk | null} */
let talk = null;

// The conversation

async function begin() {
  if (talk) return;
  notice.hide();
  captions.clear();
  tell(null);
  stage.state = captions.state = "idle";
  const audio = new AudioContext();
  const player = new Player(audio);
  const agents = new Level(audio, player.stream);
  const begun = {
    socket: new VoiceSocket(), audio, player, agents, stream: null, nodes: [], mine: null, loudness: new Loudness(),
    since: 0, said: 0, answered: 0,
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
    track.enabled = !stage.muted;
    track.addEventListener("ended", () => talk === begun && end(begun, "microphone"));
    await begun.socket.start();
    begun.nodes = await slice(audio, begun.stream, (pcm) => begun.socket.hear(pcm));
    if (talk !== begun) return release(begun);
    begun.since = performance.now();
    show();
  } catch (error) {
    if (talk !== begun) return;
    end(begun, error.code ?? "refused", error.detail ?? "", error.retryAfter ?? 0);
  }
}

/** @param {Talk} of */
function listen(of) {
  const { socket, player } = of;
  socket.addEventListener("state_change", ({ detail }) => {
    stage.state = detail.state;
    const { state } = stage;
    captions.state = state;
    if (state === "listening" || state === "processing" || (state === "idle" && player.left > TAIL_SECS)) player.stop();
    show();
  });
  socket.addEventListener("audio", ({ detail }) => player.play(detail.data));
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
  stage.state = captions.state = "idle";
  show();
}

/** @param {Talk} of  @param {string} cause  @param {string} [reason]  @param {number} [retryAfter] seconds */
function end(of, cause, reason = "", retryAfter = 0) {
  if (talk === of) talk = null;
  release(of);
  show();
  if (cause === "hung-up") return notice.hide();
  notice.show(cause === "microphone" ? "missing" : cause, reason, retryAfter);
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

function mute() {
  talk?.stream?.getAudioTracks().forEach((track) => (track.enabled = !stage.muted));
  show();
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

function show() {
  const quiet = Boolean(talk?.loudness.quiet);
  stage.show(phase(talk, talk?.socket.connected), { heard: true, quiet, empty: captions.empty });
}

/** @param {import("./voice-socket.js").Timing | null} timing */
function tell(timing) {
  for (const field of STAGES) {
    const ms = timing?.[field];
    write(at(field), Number.isFinite(ms) ? `${ms} ms` : "–");
  }
}

// Pictures

function draw(now) {
  const hearing = talk?.mine && !stage.muted;
  const mine = hearing ? talk.mine.read() : 0;
  const agents = talk?.agents.read() ?? 0;
  if (hearing && stage.hears && talk.loudness.hear(talk.mine.decibels, now)) {
    show();
    if (talk.loudness.quiet) announce(QUIET);
  }
  meter.draw(mine, now, hearing ? "" : "off", Boolean(hearing && talk.loudness.quiet));
  stage.draw(talk?.since ? now - talk.since : 0, { mine, agents });
  requestAnimationFrame(draw);
}

addEventListener("pagehide", () => talk && hangUp());

agent.then(({ name, examples }) => {
  if (name) captions.agent = String(name);
  if (examples?.[0]) write(at("example"), `Ask it, for instance: “${examples[0]}?”`);
});

if (!microphone.allowed()) notice.show("insecure");
offerTranscript(captions, announce);
show();
requestAnimationFrame(draw);
