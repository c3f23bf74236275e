// Put into the page before its own scripts: a microphone in a room, into which a test speaks when it likes.
(() => {
  const pcm = (base64) => Float32Array.from(new Int16Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer), (sample) => sample / 32768);
  let audio, out;

  function play(base64, rate, loop = false) {
    const samples = pcm(base64);
    const buffer = audio.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(audio, { buffer, loop });
    source.connect(out);
    source.start();
    return source;
  }

  MediaDevices.prototype.getUserMedia = async () => {
    audio = new AudioContext({ sampleRate: 48000 });
    out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
    play(ROOM, RATE, true);
    return out.stream;
  };

  /** Resolves when it has been said. */
  globalThis.sayIntoMicrophone = (base64) =>
    new Promise((resolve) => play(base64, RATE).addEventListener("ended", resolve));
})();
