/** Making elements: text goes in as text, so that nothing a server says can become markup. */

/** @param {string} tag  @param {string} [className]  @param {string} [text] */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
