/** The agent before the first call: its name, and things that one could ask it. */

import { agent } from "./agent.js";
import { element } from "./dom.js";

const MOST = 4;

/**
 * @param {HTMLUListElement} list  is filled with what one could ask
 * @param {(text: string) => void} say
 * @returns {Promise<string>} the agent's name, "" where the server does not tell
 */
export async function examples(list, say) {
  const told = await agent;
  const texts = Array.isArray(told.examples) ? told.examples.slice(0, MOST).map(String) : [];
  list.replaceChildren(...texts.map((text) => {
    const item = element("li");
    const button = element("button", "example", text);
    button.type = "button";
    button.addEventListener("click", () => {
      document.getElementById("text").focus(); // the button goes away with the welcome
      say(text);
    });
    item.append(button);
    return item;
  }));
  return String(told.name ?? "");
}
