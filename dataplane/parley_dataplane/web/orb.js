/** Pictures of a conversation that both pages with an orb draw: its bars, and how long it has lasted. */

/** Five bars that rise with the voice, the middle one most; still where a person has asked for less motion. */
export class Orb {
  /** @param {SVGRectElement[]} bars */
  constructor(bars) {
    this.bars = bars;
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** @param {number} level 0 to 1 */
  draw(level) {
    const shown = this.stillness.matches ? 0 : level;
    this.bars.forEach((bar, index) => {
      const height = 10 + 62 * shown ** 1.5 * (1 - 0.28 * Math.abs(index - 2));
      bar.setAttribute("height", height.toFixed(1));
      bar.setAttribute("y", (100 - height / 2).toFixed(1));
    });
  }
}

/** Minutes and seconds. @param {number} milliseconds */
export function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
