/**
 * The full-duplex agent's page: /ws, with a detector of its own that interrupts and keeps silence back.
 *
 *     microphone -> Voice (volume) -> slices -> Gate -> DuplexSocket -> Player
 *                                        \-> Silero (worker)
 *
 * Rules: this file, stage.js and typing.js alone know the page's elements; a conversation is `talk`, and there is at
 * most one; the detector that is chosen decides alone, but volume does while Silero is loaded in a conversation; controls
 * act at once.
 */

import { Captions } from "./captions.js";
import { CostLines } from "./cost.js";
import { listDevices, offerDevices } from "./devices.js";
import { DuplexSocket, SPEAKING_RATE } from "./duplex-socket.js";
import { Gate } from "./gate.js";
import { LatencyStrip } from "./latency.js";
import { LEAST_DB, Loudness } from "./loudness.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { Player } from "./player.js";
import { Silero } from "./silero.js";
import { slice } from "./slices.js";
import { Stage, phase, write } from "./stage.js";
import { offerTranscript } from "./transcript.js";
import { typing } from "./typing.js";
import { Voice } from "./voice.js";
import { VoiceSocketError } from "./voice-socket.js";
import { QUIET } from "./words.js";

/** Silence after which a voice has ended, for both detectors: the gap within a word is shorter. */
const HOLD_MS = 200;
const BYTES_PER_SEC = 32_000;
/** From here to 0 dBFS reaches the meter. */
const FLOOR_DB = -60;

const at = (id) => document.getElementById(id);
const notice = new Notice(at("notice"), act);
const announce = (text) => (at("announcer").textContent = text);
const captions = new Captions(at("captions"), at("scroller"), announce);
const latency = new LatencyStrip(at("latency-turns"), at("latency-legend"));
const cost = new CostLines(at("cost"));
const meter = new MeterBar(at("meter"));
const stage = new Stage({ call: () => (talk ? hangUp() : begin()), interrupt, mute });

/**
 * @typedef {object} Talk  one conversation and what belongs to it
 * @property {DuplexSocket} socket
 * @property {AudioContext} audio           of the microphone
 * @property {AudioContext} out             of the answer, at its rate
 * @property {Player} player
 * @property {Level} agents
 * @property {Gate} gate
 * @property {MediaStream | null} stream    the microphone
 * @property {Voice | null} voice
 * @property {Loudness} loudness            whether it is loud enough
 * @property {AudioNode[]} nodes            from the microphone to the socket
 * @property {string[]} unsaid              typed before the socket was there
 * @property {boolean} stopped              what still comes of the answer is not wanted
 * @property {number} since                 milliseconds, when it began
 */
/** @type {Talk | null} */
let talk = null;
/** Loaded when it is first chosen, and kept. @type {Silero | null} */
let silero = null;

// The conversation

/** @param {{typed?: boolean}} [options] typed: leave the microphone alone */
async function begin({ typed = false } = {}) {
  if (talk) return;
  notice.hide();
  captions.clear();
  latency.clear();
  cost.clear();
  stage.state = captions.state = "idle";
  silero?.reset();
  const socket = new DuplexSocket();
  const out = new AudioContext({ sampleRate: SPEAKING_RATE });
  const player = new Player(out);
  const begun = {
    socket, out, player, audio: new AudioContext(), agents: new Level(out, player.stream),
    gate: new Gate((pcm) => socket.hear(pcm)), stream: null, voice: null, loudness: new Loudness(), nodes: [], unsaid: [],
    stopped: false, since: 0,
  };
  talk = begun;
  for (const context of [begun.audio, out]) context.resume(); // Safari: only in answer to a click
  listen(begun);
  show();
  try {
    await silero?.loaded; // till then the room's noise could be taken for a voice
    if (talk === begun && !typed) await hearMe(begun);
    if (talk !== begun) return release(begun); // hung up while the browser asked for the microphone
    await socket.start();
    if (talk !== begun) return release(begun);
    begun.unsaid.splice(0).forEach((text) => socket.say(text));
    begun.since = performance.now();
    show();
  } catch (error) {
    if (talk !== begun) return;
    end(begun, error.code ?? "refused", error.detail ?? "", error.retryAfter ?? 0);
  }
}

/** Opens the microphone, also another one in a conversation. @param {Talk} of */
async function hearMe(of) {
  const stream = await microphone.open(at("device").value);
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (talk !== of) return stop(); // hung up while the browser asked
  const voice = await Voice.of(of.audio, stream, volumeSettings()).catch(() => {
    stop();
    throw new VoiceSocketError("unreachable"); // the worklet is the server's
  });
  if (talk !== of) return stop();
  of.voice?.close();
  of.stream?.getTracks().forEach((track) => track.stop());
  Object.assign(of, { stream, voice });
  voice.addEventListener("begin", () => spoke(of, voice));
  of.nodes = await slice(of.audio, voice.output, (pcm) => of.voice === voice && hear(of, pcm));
  const [track] = stream.getAudioTracks();
  track.enabled = !stage.muted;
  track.addEventListener("ended", () => talk === of && of.stream === stream && notice.show("unplugged"));
  await listDevices(at("device"));
  show();
}

/** @param {Talk} of  @param {ArrayBuffer} pcm */
function hear(of, pcm) {
  if (silero?.ready) silero.hear(pcm);
  if (!of.socket.connected) return;
  const wasOpen = of.gate.open;
  of.gate.hear(pcm, detector(of).speaking, stage.state === "listening");
  if (of.gate.open !== wasOpen) show();
}

/** The one that decides. @param {Talk} of @returns {Voice | Silero | null} */
const detector = (of) => (at("silero").checked && silero?.ready ? silero : of.voice);

/** Somebody has begun to speak. @param {Talk} of  @param {Voice | Silero} by */
function spoke(of, by) {
  if (talk !== of || by !== detector(of)) return;
  // While an answer is being made the server waits for more of the question: only what is being said is stopped.
  if (stage.state === "speaking" || stage.state === "idle") interrupt();
  else of.player.stop();
}

function useSilero() {
  if (silero || !at("silero").checked) return;
  silero = new Silero();
  silero.addEventListener("begin", () => talk && spoke(talk, silero));
  silero.addEventListener("failed", ({ detail }) => {
    silero.close();
    silero = null;
    at("volume").checked = true;
    notice.show("problem", `Silero can't be used here (${detail.why}). Your voice is told by its volume instead`);
    tune();
  });
}

/** @param {Talk} of */
function listen(of) {
  const { socket, player } = of;
  socket.addEventListener("state", ({ detail }) => {
    stage.state = detail.state;
    captions.state = stage.state;
    of.stopped = false;
    if (stage.state === "listening") player.stop();
    show();
  });
  socket.addEventListener("audio", ({ detail }) => of.stopped || player.playSamples(detail.data));
  socket.addEventListener("interrupted", () => player.stop());
  socket.addEventListener("text", ({ detail }) => (detail.filler ? captions.filler(detail) : captions.reply(detail)));
  for (const type of ["partial", "transcript", "heard"]) {
    socket.addEventListener(type, ({ detail }) => {
      captions[type === "heard" ? "heard" : "transcript"](detail);
      show();
    });
  }
  socket.addEventListener("metrics", ({ detail }) => latency.add(detail));
  socket.addEventListener("cost", ({ detail }) => cost.show(detail));
  socket.addEventListener("error", ({ detail }) => notice.show("problem", detail.message));
  socket.addEventListener("reconnecting", ({ detail }) => away(of, detail.reason));
  socket.addEventListener("reconnected", () => back(of));
  socket.addEventListener("end", ({ detail }) => talk === of && end(of, detail.cause, detail.reason));
}

/** The connection is being made again. @param {Talk} of  @param {string} reason */
function away({ player, gate }, reason) {
  player.stop();
  gate.close();
  notice.show("reconnecting", reason);
  show();
}

/** In a new session, whose turns are counted from 0. @param {Talk} of */
function back(of) {
  captions.anew();
  latency.clear();
  cost.clear();
  notice.show("anew");
  stage.state = captions.state = "idle";
  of.stopped = false;
  of.unsaid.splice(0).forEach((text) => of.socket.say(text));
  show();
}

/** @param {Talk} of  @param {string} cause  @param {string} [reason]  @param {number} [retryAfter] seconds */
function end(of, cause, reason = "", retryAfter = 0) {
  if (talk === of) talk = null;
  release(of);
  show();
  if (cause === "hung-up") return notice.hide();
  notice.show(cause, reason, retryAfter);
}

/** @param {Talk} of */
function release({ audio, out, player, socket, stream }) {
  stream?.getTracks().forEach((track) => track.stop());
  player.stop();
  socket.hangUp();
  for (const context of [audio, out]) if (context.state !== "closed") context.close();
}

function hangUp() {
  end(talk, "hung-up");
}

function interrupt() {
  if (!talk) return;
  const sounds = talk.player.left > 0;
  talk.player.stop();
  talk.stopped = stage.state === "speaking";
  if (talk.stopped || sounds) talk.socket.interrupt();
}

function mute() {
  talk?.stream?.getAudioTracks().forEach((track) => (track.enabled = !stage.muted));
  show();
}

/** @param {string} text */
function say(text) {
  if (!talk) begin({ typed: true });
  if (talk.socket.connected) talk.socket.say(text);
  else talk.unsaid.push(text);
}

/** What the buttons of a notice do. @param {import("./notices.js").Action} action */
function act(action) {
  if (action === "retry") {
    at("call").focus();
    begin();
  }
  if (action === "type") at("text").focus();
}

// The detectors

const volumeSettings = () => ({ thresholdDb: Number(at("decibels").value), holdMs: HOLD_MS, gate: false });
const leastLoud = () => (at("silero").checked ? LEAST_DB : Math.max(LEAST_DB, volumeSettings().thresholdDb));
const sileroSettings = () => ({ threshold: Number(at("likelihood").value) / 100, holdMs: HOLD_MS });

/** A control has been moved. */
function tune() {
  const bySilero = at("silero").checked;
  at("decibels-dial").hidden = bySilero;
  at("likelihood-dial").hidden = !bySilero;
  turn("decibels", `${at("decibels").value} dBFS`);
  turn("likelihood", `${at("likelihood").value} %`);
  const mark = bySilero ? sileroSettings().threshold : 1 - volumeSettings().thresholdDb / FLOOR_DB;
  at("mark").style.left = `${100 * mark}%`;
  useSilero();
  silero?.change(sileroSettings());
  talk?.voice?.change(volumeSettings());
  show();
}

/** How long Silero takes for a window, or why that is not known. */
function pace() {
  if (!silero?.ready) return silero ? "loading" : "–";
  return Number.isFinite(silero.took) ? `${silero.took.toFixed(1)} ms` : "ready";
}

/** Shows where a dial stands, to the eye and to a screen reader. */
function turn(id, words) {
  write(at(`${id}-value`), words);
  at(id).setAttribute("aria-valuetext", words);
}

// The page

function show() {
  const [heard, quiet] = [Boolean(talk?.stream), Boolean(talk?.loudness.quiet)];
  stage.show(phase(talk, talk?.socket.connected), { heard, quiet, empty: captions.empty });
  write(at("sent"), talk?.gate.open ? "your voice" : "nothing");
}

function draw(now) {
  const hears = Boolean(talk?.voice) && !stage.muted;
  if (hears && stage.hears && talk.loudness.hear(talk.voice.decibels, now, leastLoud())) {
    show();
    if (talk.loudness.quiet) announce(QUIET);
  }
  meter.draw(hears ? detector(talk).level : 0, now, hears ? "" : "off", Boolean(hears && talk.loudness.quiet));
  stage.draw(talk?.since ? now - talk.since : 0, {
    mine: hears ? talk.voice.level : 0,
    agents: talk?.agents.read() ?? 0,
  });
  if (talk) {
    const { heard, sent } = talk.gate;
    write(at("share"), `${Math.round(sent / BYTES_PER_SEC)} of ${Math.round(heard / BYTES_PER_SEC)} s`);
  }
  write(at("took"), pace());
  requestAnimationFrame(draw);
}

for (const id of ["volume", "silero", "decibels", "likelihood"]) at(id).addEventListener("input", tune);
addEventListener("pagehide", () => talk && hangUp());

if (!microphone.allowed()) notice.show("insecure");
offerDevices(at("device"), { notice, reopen: () => (talk?.since ? hearMe(talk) : null) });
typing(say).then((name) => name && (captions.agent = name));
offerTranscript(captions, announce);
tune();
requestAnimationFrame(draw);
