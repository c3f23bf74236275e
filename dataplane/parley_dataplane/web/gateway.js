/**
 * The gateway test page: one call, with every part of its way in sight and in hand.
 *
 *     microphone (processing) -> Voice (gate) -> Call -> Voice -> Ducker -> loudspeaker
 *
 * Rules: this file alone knows the page's elements; a call in progress is `run`, and there is at most one; controls act
 * at once, also in a call; <body> tells the phase and the turn as on the talk page.
 */

import { iceServers } from "./agent.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { listDevices, offerDevices } from "./devices.js";
import { Figures, Rows } from "./figures.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { SessionCard } from "./session-card.js";
import { offerTranscript } from "./transcript.js";
import { Ducker, Voice } from "./voice.js";
import { STATES, WORDS } from "./words.js";

const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const NAMES = { echoCancellation: "echo cancellation", noiseSuppression: "noise suppression", autoGainControl: "gain" };
const DIALS = { threshold: "dBFS", hold: "ms", depth: "dB" };
/** How the agent's voice is told from its line's silence: nothing is beside it. */
const AGENTS = { thresholdDb: -50, holdMs: 200, gate: false };

const at = (id) => document.getElementById(id);
const checked = (id) => at(id).checked;
const body = document.body;
const notice = new Notice(at("notice"), (action) => action === "retry" && begin());
const announce = (text) => write("announcer", text);
const captions = new Captions(at("captions"), at("scroller"), announce);
const figures = new Figures(new Rows(at("figures")));
const session = new SessionCard(new Rows(at("session")));
const meters = { mine: new MeterBar(at("mine")), agents: new MeterBar(at("agents")) };

/**
 * @typedef {object} Run  one call and what belongs to it
 * @property {Call} call
 * @property {AudioContext} audio
 * @property {MediaStream | null} stream  the microphone
 * @property {Voice | null} mine
 * @property {Voice | null} agents
 * @property {Ducker | null} ducker
 * @property {Level | null} heard         the agent after ducking
 * @property {boolean} on                 connected
 */
/** @type {Run | null} */
let run = null;
/** The turn as the server tells it. */
let state = "idle";

// The call

async function begin() {
  if (run) return;
  notice.hide();
  captions.clear();
  figures.clear();
  state = captions.state = "idle";
  write("stopped", "");
  const call = new Call({ testTone: checked("tone"), reconnectMs: 0, iceServers });
  const begun = { call, audio: new AudioContext(), stream: null, mine: null, agents: null, ducker: null, heard: null, on: false };
  run = begun;
  begun.audio.resume(); // Safari: only in answer to a click
  listen(begun);
  show();
  try {
    await hearMe(begun);
    if (run !== begun) return release(begun); // hung up while the browser asked for the microphone
    await call.start(begun.mine.toTrack());
    begun.on = true;
    figures.connected(call.took);
    session.watch(call.sessionId);
    show();
  } catch (error) {
    if (run === begun) run = null;
    release(begun);
    show();
    if (error.code !== "cancelled") notice.show(error.code ?? "refused", error.detail ?? "", error.retryAfter ?? 0);
  }
}

/** Opens the microphone as the controls say, also in the middle of a call. @param {Run} of */
async function hearMe(of) {
  const processing = Object.fromEntries(PROCESSING.map((name) => [name, checked(name)]));
  const stream = await microphone.open(at("device").value, processing);
  const mine = await Voice.of(of.audio, stream, gateSettings());
  if (run !== of) return stream.getTracks().forEach((track) => track.stop());
  of.mine?.close();
  of.stream?.getTracks().forEach((track) => track.stop());
  Object.assign(of, { stream, mine });
  mine.addEventListener("begin", () => spoke(of));
  mine.addEventListener("end", () => spoke(of));
  const [track] = stream.getAudioTracks();
  track.addEventListener("ended", () => run === of && of.stream === stream && notice.show("unplugged"));
  write("in-force", inForce(track.getSettings()));
  if (of.call.connected) await of.call.setMicrophone(mine.toTrack());
  await listDevices(at("device"));
  show();
}

/** @param {Run} of */
function listen(of) {
  const { call } = of;
  call.addEventListener("stream", ({ detail }) => hearAgent(of, detail.stream));
  call.addEventListener("session", ({ detail }) => (captions.agent = detail.agent || "Agent"));
  call.addEventListener("state", ({ detail }) => {
    if (STATES.has(detail.state)) state = captions.state = detail.state;
    show();
  });
  for (const type of ["transcript", "filler", "reply", "heard"]) {
    call.addEventListener(type, ({ detail }) => {
      captions[type](detail);
      show();
    });
  }
  call.addEventListener("transcript", ({ detail }) => detail.text && figures.understood());
  call.addEventListener("timing", ({ detail }) => figures.told(detail));
  call.addEventListener("problem", ({ detail }) => notice.show("problem", detail.detail));
  call.addEventListener("end", ({ detail }) => finish(of, detail));
}

/** @param {Run} of  @param {MediaStream} stream */
async function hearAgent(of, stream) {
  at("agent-audio").srcObject = stream; // muted: Chrome decodes a peer's stream only for an element
  const agents = await Voice.of(of.audio, stream, AGENTS);
  if (run !== of) return;
  of.agents = agents;
  of.ducker = new Ducker(of.audio, agents.output);
  of.heard = new Level(of.audio, of.ducker.output);
  agents.addEventListener("begin", () => figures.sounded(of.mine.voicedAt));
  duck();
}

/** The person has begun or ended to speak. @param {Run} of */
function spoke(of) {
  if (run !== of) return;
  if (of.mine.speaking) figures.spoke(of.mine.voicedAt);
  duck();
  show();
}

/** @param {Run} of */
function finish(of, { cause, reason }) {
  if (run === of) run = null;
  release(of);
  show();
  if (cause !== "hung-up") notice.show(cause, reason);
}

/** @param {Run} of */
function release({ audio, stream }) {
  session.leave();
  stream?.getTracks().forEach((track) => track.stop());
  at("agent-audio").srcObject = null;
  write("in-force", "no microphone");
  if (audio.state !== "closed") audio.close();
}

function hangUp() {
  const of = run;
  of.call.hangUp();
  if (run === of) finish(of, { cause: "hung-up" }); // it was not connected yet
}

/** By HTTP, as a system beside the call would. */
async function stopTts() {
  const pressed = performance.now();
  const request = { method: "POST", body: JSON.stringify({ session_id: run.call.sessionId }) };
  const response = await fetch(new URL("../api/voice/stop-tts", import.meta.url), request).catch(() => null);
  const answer = await response?.json().catch(() => null);
  const took = Math.round(performance.now() - pressed);
  const outcome = !response?.ok
    ? `Not stopped: ${answer?.detail ?? "the server can't be reached"}`
    : answer.stopped ? `Stopped, in ${took} ms` : "There was nothing to stop";
  write("stopped", outcome);
  write("announcer", outcome);
}

// The controls

const gateSettings = () => ({
  thresholdDb: Number(at("threshold").value),
  holdMs: Number(at("hold").value),
  gate: checked("gate"),
});

function duck() {
  run?.ducker?.set(ducks() ? -Number(at("depth").value) : 0);
}

const ducks = () => checked("duck") && Boolean(run?.mine?.speaking);

/** @param {MediaTrackSettings} settings what the browser has made of the wishes */
function inForce(settings) {
  const on = PROCESSING.filter((name) => settings[name]).map((name) => NAMES[name]);
  const rate = settings.sampleRate ? `${settings.sampleRate / 1000} kHz` : "";
  return [on.length ? on.join(", ") : "no processing", rate].filter(Boolean).join("; ");
}

// The page

function phase() {
  if (!run) return "off";
  return run.on ? "on" : "connecting";
}

function show() {
  const now = phase();
  const on = now === "on";
  const speaking = Boolean(run?.mine?.speaking);
  body.dataset.phase = now;
  body.dataset.state = on ? state : "idle";
  const [title, hint] = WORDS[on ? state : now];
  write("state", title);
  write("hint", hint.replace("Interrupt", "Stop TTS"));
  write("call-label", on ? "Hang up" : now === "connecting" ? "Cancel" : captions.empty ? "Start call" : "Call again");
  at("stop").disabled = !on;
  at("tone").disabled = now !== "off";
  at("welcome").hidden = !captions.empty;
  write("speaking", speaking ? "speaking" : "silent");
  write("sent", !run?.mine ? "nothing" : !checked("gate") ? "everything" : speaking ? "your voice" : "silence");
  write("ducked", ducks() ? `lowered by ${at("depth").value} dB` : "as it comes");
  for (const [id, unit] of Object.entries(DIALS)) turn(id, `${at(id).value} ${unit}`);
}

/** Shows where a dial stands, to the eye and to a screen reader. */
function turn(id, words) {
  write(`${id}-value`, words);
  at(id).setAttribute("aria-valuetext", words);
}

/** A live region is told only what has changed. */
function write(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

function draw(now) {
  meters.mine.draw(run?.mine?.level ?? 0, now, run?.mine ? "" : "off");
  meters.agents.draw(run?.heard?.read() ?? 0, now, run?.heard ? "" : "off");
  requestAnimationFrame(draw);
}

at("call").addEventListener("click", () => (run ? hangUp() : begin()));
at("stop").addEventListener("click", stopTts);
for (const id of [...Object.keys(DIALS), "gate", "duck"]) {
  at(id).addEventListener("input", () => {
    run?.mine?.change(gateSettings());
    duck();
    show();
  });
}
addEventListener("pagehide", () => run && hangUp());

if (!microphone.allowed()) notice.show("insecure");
offerTranscript(captions, announce);
offerDevices(at("device"), { processing: PROCESSING.map(at), notice, reopen: () => (run?.on ? hearMe(run) : null) });
show();
requestAnimationFrame(draw);
