// Put into the page before its own scripts: records the microphone (left) and the agent (right) on one clock.
(() => {
  let tape = null;

  function start() {
    const audio = new AudioContext({ sampleRate: 48000 });
    const merger = audio.createChannelMerger(2);
    const out = audio.createMediaStreamDestination();
    merger.connect(out);
    const recorder = new MediaRecorder(out.stream, { mimeType: "audio/webm;codecs=pcm" });
    const chunks = [];
    recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
    recorder.start(200);
    return { audio, merger, recorder, chunks, marks: [], since: audio.currentTime };
  }

  function keep(stream, channel) {
    tape ??= start();
    tape.audio.createMediaStreamSource(stream).connect(tape.merger, 0, channel);
  }

  const devices = globalThis.MediaDevices?.prototype;
  if (devices) {
    const open = devices.getUserMedia;
    devices.getUserMedia = async function (constraints) {
      const stream = await open.call(this, constraints);
      keep(stream, 0);
      return stream;
    };
  }

  const peers = [];
  const Peer = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...settings) {
      super(...settings);
      peers.push(this);
      this.addEventListener("track", ({ track }) => keep(new MediaStream([track]), 1));
    }
  };

  // What a page plays by itself, and not as a peer's stream.
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const copy = this.context.createMediaStreamDestination();
      connect.call(this, copy);
      keep(copy.stream, 1);
    }
    return connect.call(this, target, ...rest);
  };

  /** When each caption came onto the page; what it says is read at the end. */
  const shown = new Map();
  addEventListener("DOMContentLoaded", () => {
    const list = document.getElementById("captions");
    const seen = () => [...list.children].forEach((item) => {
      if (tape && !shown.has(item)) shown.set(item, tape.audio.currentTime - tape.since);
    });
    if (list) new MutationObserver(seen).observe(list, { childList: true });
  });
  function caption([item, at]) {
    const words = item.querySelector(".words").cloneNode(true);
    const unheard = words.querySelector("del");
    unheard?.remove();
    return [item.classList.contains("you") ? "you" : "agent", words.textContent, unheard?.lastChild.textContent ?? "", at];
  }

  const mark = ({ type, key }) => tape?.marks.push([key ?? type, tape.audio.currentTime - tape.since]);
  addEventListener("keydown", mark, true);
  addEventListener("click", mark, true);

  /** How much sound the last call has sent so far, in the unit of W3C's totalAudioEnergy. */
  globalThis.sentEnergy = async () => {
    const stats = [...(await peers.at(-1).getStats()).values()];
    return stats.filter(({ type }) => type === "media-source").reduce((sum, { totalAudioEnergy }) => sum + totalAudioEnergy, 0);
  };

  globalThis.takeTape = async () => {
    const stopped = new Promise((resolve) => tape.recorder.addEventListener("stop", resolve));
    tape.recorder.stop();
    await stopped;
    const bytes = new Uint8Array(await new Blob(tape.chunks).arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return { webm: btoa(text), marks: tape.marks, captions: [...shown].map(caption) };
  };
})();
