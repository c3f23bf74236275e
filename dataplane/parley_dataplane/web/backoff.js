/**
 * When to try again: soon at first, then less and less often, and never all pages at once.
 *
 * Rules: each wait is drawn from a range that doubles; what the server asks for is kept, and a share more, so that those
 * whom it told the same do not come together.
 */

const FIRST_MS = 500;
const LONGEST_MS = 8_000;
/** What may be over in a moment; any other failure is the last. */
const PASSING = new Set(["unreachable", "busy", "blocked"]);

/** Milliseconds before each try. @param {() => number} [draw] 0 to 1  @returns {Generator<number, never>} */
export function* delays(draw = Math.random) {
  for (let most = FIRST_MS; ; most = Math.min(2 * most, LONGEST_MS)) yield most * (0.5 + draw() / 2);
}

/**
 * Try until it works; rejects with the last error when one comes that will not pass, or no other try is due in time.
 *
 * @template Result
 * @param {() => Promise<Result>} attempt  its errors have a `code`, and `retryAfter` in seconds where the server said so
 * @param {number} giveUpMs  @param {AbortSignal} signal
 * @returns {Promise<Result>}
 */
export async function again(attempt, giveUpMs, signal) {
  const until = performance.now() + giveUpMs;
  let asked = 0;
  for (const delay of delays()) {
    await rest(Math.max(delay, asked * (1 + Math.random() / 4)), signal);
    try {
      return await attempt();
    } catch (error) {
      asked = 1000 * (error.retryAfter || 0);
      if (signal.aborted || !PASSING.has(error.code) || performance.now() + asked >= until) throw error;
    }
  }
  throw new Error("there is always a next delay");
}

/** @param {number} ms  @param {AbortSignal} signal  @returns {Promise<void>} */
function rest(ms, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
