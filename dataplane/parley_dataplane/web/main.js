/**
 * The talk page: puts the call, the microphone and the views together.
 *
 * Rules: this file, stage.js and typing.js alone know the page's elements; a call in progress is `talk`, and there is
 * at most one.
 */

import { iceServers } from "./agent.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { CostLines } from "./cost.js";
import { listDevices, offerDevices } from "./devices.js";
import { LatencyStrip } from "./latency.js";
import { Loudness } from "./loudness.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { Stage, phase } from "./stage.js";
import { offerTranscript } from "./transcript.js";
import { typing } from "./typing.js";
import { QUIET } from "./words.js";

const at = (id) => document.getElementById(id);
const notice = new Notice(at("notice"), act);
const announce = (text) => (at("announcer").textContent = text);
const captions = new Captions(at("captions"), at("scroller"), announce);
const latency = new LatencyStrip(at("latency-turns"), at("latency-legend"));
const cost = new CostLines(at("cost"));
const meter = new MeterBar(at("meter"));
const stage = new Stage({ call: () => (talk ? hangUp() : begin()), interrupt, mute });

/**
 * @typedef {object} Talk  one call and what belongs to it
 * @property {Call} call
 * @property {MediaStream | null} stream    the microphone
 * @property {AudioContext} audio
 * @property {Level | null} mine
 * @property {Loudness} loudness            whether that is enough
 * @property {Level | null} agents
 * @property {number} since                 milliseconds, when it was connected
 */
/** @type {Talk | null} */
let talk = null;

// The call

/** @param {{typed?: boolean}} [options] typed: leave the microphone alone */
async function begin({ typed = false } = {}) {
  if (talk) return;
  notice.hide();
  captions.clear();
  latency.clear();
  cost.clear();
  stage.state = captions.state = "idle";
  const begun = {
    call: new Call({ iceServers }), stream: null, audio: new AudioContext(), mine: null, loudness: new Loudness(),
    agents: null, since: 0,
  };
  talk = begun;
  begun.audio.resume(); // Safari: only in answer to a click
  listen(begun);
  show();
  try {
    if (!typed) await hearMe(begun);
    if (talk !== begun) return release(begun); // hung up while the browser asked for the microphone
    await begun.call.start(begun.stream?.getAudioTracks()[0] ?? null);
    begun.since = performance.now();
    show();
  } catch (error) {
    const isMine = talk === begun;
    if (isMine) talk = null;
    release(begun);
    show();
    if (isMine && error.code !== "cancelled") notice.show(error.code ?? "refused", error.detail ?? "", error.retryAfter ?? 0);
  }
}

/** Opens the microphone for a call, also for one that began without. @param {Talk} of */
async function hearMe(of) {
  const stream = await microphone.open(at("device").value);
  if (talk !== of) return stream.getTracks().forEach((track) => track.stop()); // hung up while the browser asked
  of.mine?.close();
  of.stream?.getTracks().forEach((track) => track.stop());
  of.stream = stream;
  of.mine = new Level(of.audio, stream);
  const [track] = stream.getAudioTracks();
  track.enabled = !stage.muted;
  track.addEventListener("ended", () => talk === of && of.stream === stream && notice.show("unplugged"));
  if (of.since) await of.call.setMicrophone(track);
  await listDevices(at("device"));
  show();
}

/** @param {Talk} of */
function listen(of) {
  const { call } = of;
  call.addEventListener("stream", ({ detail }) => {
    at("agent-audio").srcObject = detail.stream;
    of.agents = new Level(of.audio, detail.stream);
  });
  call.addEventListener("session", ({ detail }) => name(detail.agent));
  call.addEventListener("state", ({ detail }) => {
    stage.state = detail.state;
    captions.state = stage.state;
    show();
  });
  for (const type of ["transcript", "filler", "reply", "heard"]) {
    call.addEventListener(type, ({ detail }) => {
      captions[type](detail);
      show();
    });
  }
  call.addEventListener("timing", ({ detail }) => latency.add(detail));
  call.addEventListener("cost", ({ detail }) => cost.show(detail));
  call.addEventListener("problem", ({ detail }) => notice.show("problem", detail.detail));
  call.addEventListener("reconnecting", ({ detail }) => away(detail.reason));
  call.addEventListener("reconnected", ({ detail }) => back(detail.resumed));
  call.addEventListener("end", ({ detail }) => finish(of, detail));
}

/** The connection is being made again. @param {string} reason */
function away(reason) {
  notice.show("reconnecting", reason);
  show();
}

/** @param {boolean} resumed */
function back(resumed) {
  if (resumed) notice.hide();
  else {
    captions.anew();
    latency.clear();
    cost.clear();
    notice.show("anew");
  }
  stage.state = captions.state = "idle";
  show();
}

/** @param {Talk} of */
function finish(of, { cause, reason }) {
  if (talk === of) talk = null;
  release(of);
  show();
  if (cause === "hung-up") return notice.hide();
  notice.show(cause, reason);
}

/** @param {Talk} of */
function release({ audio, stream }) {
  stream?.getTracks().forEach((track) => track.stop());
  if (!talk) at("agent-audio").srcObject = null; // or it is another call's already
  if (audio.state !== "closed") audio.close();
}

function hangUp() {
  const { call } = talk;
  const of = talk;
  call.hangUp();
  if (talk === of) finish(of, { cause: "hung-up" }); // it was not connected yet
}

function interrupt() {
  if (talk?.call.connected) talk.call.interrupt();
}

function mute() {
  talk?.stream?.getAudioTracks().forEach((track) => (track.enabled = !stage.muted));
  show();
}

/** @param {string} text */
function say(text) {
  if (!talk) begin({ typed: true });
  talk.call.say(text);
}

/** What the buttons of a notice do. @param {import("./notices.js").Action} action */
function act(action) {
  if (action === "retry") {
    at("call").focus();
    begin();
  }
  if (action === "type") at("text").focus();
}

// The page

function show() {
  const [heard, quiet] = [Boolean(talk?.stream), Boolean(talk?.loudness.quiet)];
  stage.show(phase(talk, talk?.call.connected), { heard, quiet, empty: captions.empty });
}

function name(agent) {
  if (!agent) return;
  captions.agent = agent;
  at("agent-name").textContent = agent;
  document.title = `${agent} · Parley`;
}

// Pictures

function draw(now) {
  const hearing = talk?.mine && !stage.muted;
  const mine = hearing ? talk.mine.read() : 0;
  const agents = talk?.agents?.read() ?? 0;
  if (hearing && stage.hears && talk.loudness.hear(talk.mine.decibels, now)) {
    show();
    if (talk.loudness.quiet) announce(QUIET);
  }
  meter.draw(mine, now, hearing ? "" : "off", Boolean(hearing && talk.loudness.quiet));
  stage.draw(talk?.since ? now - talk.since : 0, { mine, agents });
  requestAnimationFrame(draw);
}

addEventListener("pagehide", () => talk && hangUp());

if (!microphone.allowed()) notice.show("insecure");
offerDevices(at("device"), { notice, reopen: () => (talk?.since ? hearMe(talk) : null) });
typing(say).then(name);
offerTranscript(captions, announce);
show();
requestAnimationFrame(draw);
