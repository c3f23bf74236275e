/** The button that copies what was said, for whoever wants to keep it. It is there once there is something. */

const TOLD_MS = 2000;

/** @param {import("./captions.js").Captions} captions  @param {(text: string) => void} announce */
export function offerTranscript(captions, announce) {
  const button = document.getElementById("copy");
  const name = button.textContent;
  let until = 0;

  function tell(words, announced) {
    announce(announced);
    button.textContent = words;
    clearTimeout(until);
    until = setTimeout(() => (button.textContent = name), TOLD_MS);
  }

  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(captions.text);
      tell("Copied", "The conversation was copied.");
    } catch {
      // A page over plain http has no clipboard, and a browser may refuse it: the person's own command copies.
      captions.select();
      tell("Selected", "The conversation is selected: copy it with Control C, or Command C.");
    }
  });
}
