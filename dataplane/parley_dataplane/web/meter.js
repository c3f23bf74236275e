/**
 * How loud a stream is, and the bar that shows it.
 *
 * Rules: levels are 0 to 1, linear in decibels from -60 dBFS (nothing) to 0 dBFS (as loud as it goes), since that is
 * how loudness is heard; reading a level allocates nothing, so that it can be done for every picture.
 */

const FLOOR_DB = -60;
/** The needle rises at once and falls by this much a second, like a studio's meter. */
const FALL_PER_SEC = 1.4;
const PEAK_HOLD_MS = 1200;
/** Screen readers need no sixty values a second. */
const TELL_MS = 500;

export class Level {
  #source;
  #analyser;
  #samples;

  /** @param {AudioContext} context  @param {MediaStream | AudioNode} heard */
  constructor(context, heard) {
    this.#source = heard instanceof MediaStream ? context.createMediaStreamSource(heard) : heard;
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  /** What `read` shows of the last moment, dB of full scale; also below the floor. */
  decibels = -Infinity;

  read() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    this.decibels = 10 * Math.log10(sum / this.#samples.length + 1e-12);
    return Math.min(1, Math.max(0, 1 - this.decibels / FLOOR_DB));
  }

  close() {
    this.#source.disconnect(this.#analyser);
  }
}

export class MeterBar {
  #element;
  #fill;
  #peak;
  #shown = 0;
  #peakAt = 0;
  #peakLevel = 0;
  #drawnAt = 0;
  #toldAt = -TELL_MS;

  /** @param {HTMLElement} element role="meter" with a .meter-fill and a .meter-peak */
  constructor(element) {
    this.#element = element;
    this.#fill = element.querySelector(".meter-fill");
    this.#peak = element.querySelector(".meter-peak");
  }

  /**
   * @param {number} level 0 to 1  @param {number} now milliseconds
   * @param {string} [words] instead of the number  @param {boolean} [quiet] too quiet to be heard well
   */
  draw(level, now, words = "", quiet = false) {
    const fallen = this.#shown - (FALL_PER_SEC * (now - this.#drawnAt)) / 1000;
    this.#drawnAt = now;
    this.#shown = Math.max(level, fallen, 0);
    if (level >= this.#peakLevel || now - this.#peakAt > PEAK_HOLD_MS) {
      this.#peakLevel = level;
      this.#peakAt = now;
    }
    this.#fill.style.clipPath = `inset(0 ${((1 - this.#shown) * 100).toFixed(1)}% 0 0)`;
    // By a transform: what is drawn elsewhere by its place counts as a page that moves.
    this.#peak.style.transform = `translateX(${((this.#peakLevel - 1) * 100).toFixed(1)}%)`;
    this.#peak.style.opacity = this.#peakLevel > 0.02 ? "1" : "0";
    this.#element.classList.toggle("too-quiet", quiet);
    if (now - this.#toldAt >= TELL_MS) {
      this.#toldAt = now;
      const percent = Math.round(this.#shown * 100);
      this.#element.setAttribute("aria-valuenow", String(percent));
      this.#element.setAttribute("aria-valuetext", words || `${percent} percent${quiet ? ", too quiet" : ""}`);
    }
  }
}
