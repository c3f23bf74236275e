/**
 * The talk page: puts the call, the microphone and the views together.
 *
 * Rules: this file alone knows the page's elements; a call in progress is `talk`, and there is at most one; the page's
 * look follows two attributes of <body>, data-phase (off, connecting, on) and data-state (the turn).
 */

import { agent, iceServers } from "./agent.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { listDevices } from "./devices.js";
import { element } from "./dom.js";
import { LatencyStrip } from "./latency.js";
import { Level, MeterBar } from "./meter.js";
import * as microphone from "./microphone.js";
import { Notice } from "./notices.js";
import { Orb, clock } from "./orb.js";
import { STATES, WORDS } from "./words.js";

const EXAMPLES = 4;

const at = (id) => document.getElementById(id);
const body = document.body;
const notice = new Notice(at("notice"), act);
const captions = new Captions(at("captions"), at("scroller"), (text) => (at("announcer").textContent = text));
const latency = new LatencyStrip(at("latency-turns"), at("latency-legend"));
const meter = new MeterBar(at("meter"));
const orb = new Orb([...document.querySelectorAll(".orb-bars rect")]);

/**
 * @typedef {object} Talk  one call and what belongs to it
 * @property {Call} call
 * @property {MediaStream | null} stream    the microphone
 * @property {AudioContext} audio
 * @property {Level | null} mine
 * @property {Level | null} agents
 * @property {number} since                 milliseconds, when it was connected
 */
/** @type {Talk | null} */
let talk = null;
/** The turn as the server tells it. */
let state = "idle";

// The call

/** @param {{typed?: boolean}} [options] typed: leave the microphone alone */
async function begin({ typed = false } = {}) {
  if (talk) return;
  notice.hide();
  captions.clear();
  latency.clear();
  state = captions.state = "idle";
  const begun = { call: new Call({ iceServers }), stream: null, audio: new AudioContext(), mine: null, agents: null, since: 0 };
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
    if (talk === begun) talk = null;
    release(begun);
    show();
    if (error.code !== "cancelled") notice.show(error.code ?? "refused", error.detail ?? "", error.retryAfter ?? 0);
  }
}

/** Opens the microphone for a call, also for one that began without. @param {Talk} of */
async function hearMe(of) {
  const stream = await microphone.open(at("device").value);
  of.mine?.close();
  of.stream?.getTracks().forEach((track) => track.stop());
  of.stream = stream;
  of.mine = new Level(of.audio, stream);
  const [track] = stream.getAudioTracks();
  track.enabled = !muted();
  track.addEventListener("ended", () => talk === of && of.stream === stream && notice.show("unplugged"));
  if (of.call.connected) await of.call.setMicrophone(track);
  await listDevices(at("device"));
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
    if (STATES.has(detail.state)) state = captions.state = detail.state;
    show();
  });
  for (const type of ["transcript", "filler", "reply", "heard"]) {
    call.addEventListener(type, ({ detail }) => {
      captions[type](detail);
      show();
    });
  }
  call.addEventListener("timing", ({ detail }) => latency.add(detail));
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
    notice.show("anew");
  }
  state = captions.state = "idle";
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
  at("agent-audio").srcObject = null;
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

const muted = () => at("mute").getAttribute("aria-pressed") === "true";

function phase() {
  if (!talk) return "off";
  return talk.since && talk.call.connected ? "on" : "connecting";
}

function words() {
  if (phase() !== "on") return talk?.since ? "reconnecting" : phase();
  if (state !== "idle") return state;
  if (!talk.stream) return "typing";
  return muted() ? "muted" : "idle";
}

function show() {
  const now = phase();
  const on = now === "on";
  const [title, hint] = WORDS[words()];
  body.dataset.phase = now;
  body.dataset.state = on ? state : "idle";
  body.dataset.muted = String(muted());
  write(at("state"), title);
  write(at("hint"), hint);
  write(at("call-label"), on ? "Hang up" : now === "connecting" ? "Cancel" : captions.empty ? "Start call" : "Call again");
  at("interrupt").disabled = !on || state !== "speaking";
  at("mute").disabled = !on || !talk.stream;
  at("welcome").hidden = !captions.empty;
}

/** A live region is told only what has changed. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function name(agent) {
  if (!agent) return;
  captions.agent = agent;
  at("agent-name").textContent = agent;
  document.title = `${agent} · Parley`;
}

async function chooseDevice() {
  microphone.remember(at("device").value);
  if (!talk?.call.connected) return;
  try {
    await hearMe(talk);
    notice.hide();
  } catch (error) {
    notice.show(error.code ?? "unusable");
  }
  show();
}

/** The agent's name and what one could ask, before the first call. */
async function introduce() {
  const told = await agent;
  name(told.name);
  const examples = Array.isArray(told.examples) ? told.examples.slice(0, EXAMPLES) : [];
  at("examples").replaceChildren(...examples.map((text) => {
    const item = element("li");
    const button = element("button", "example", String(text));
    button.type = "button";
    button.addEventListener("click", () => {
      at("text").focus(); // the button goes away with the welcome
      say(String(text));
    });
    item.append(button);
    return item;
  }));
}

// Pictures: the level meter, the orb, the clock

function draw(now) {
  const hearing = talk?.mine && !muted();
  const mine = hearing ? talk.mine.read() : 0;
  const agents = talk?.agents?.read() ?? 0;
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
at("device").addEventListener("change", chooseDevice);
at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text) return;
  at("text").value = "";
  say(text);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && state === "speaking") interrupt();
});
addEventListener("pagehide", () => talk && hangUp());
navigator.mediaDevices?.addEventListener("devicechange", () => listDevices(at("device")));

if (!microphone.allowed()) notice.show("insecure");
listDevices(at("device"));
introduce();
show();
requestAnimationFrame(draw);
