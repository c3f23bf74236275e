/** Saying something without a voice: the field to type in, and what one could ask, until something has been said. */

import { agent } from "./agent.js";
import { element } from "./dom.js";

const MOST = 6;

/**
 * @param {(text: string) => void} say
 * @returns {Promise<string>} the agent's name, "" where the server does not tell
 */
export async function typing(say) {
  const [form, field, list] = ["composer", "text", "examples"].map((id) => document.getElementById(id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    say(text);
  });
  const told = await agent;
  const texts = Array.isArray(told.examples) ? told.examples.slice(0, MOST).map(String) : [];
  list.replaceChildren(...texts.map((text) => {
    const item = element("li");
    const button = element("button", "example", text.charAt(0).toUpperCase() + text.slice(1));
    button.type = "button";
    button.addEventListener("click", () => {
      field.focus(); // the button goes away with the first words
      say(text);
    });
    item.append(button);
    return item;
  }));
  return String(told.name ?? "");
}
