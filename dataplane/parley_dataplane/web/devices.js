/** The choice of a microphone, on each page that has one. */

import * as microphone from "./microphone.js";

/** Fills the list anew with what there is now; what was chosen stays chosen while it is there. @param {HTMLSelectElement} select */
export async function listDevices(select) {
  const devices = await microphone.list();
  const chosen = select.value || microphone.remembered();
  const options = devices.map(({ deviceId, label }) => new Option(label, deviceId));
  select.replaceChildren(new Option("System default", ""), ...options);
  select.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}

/**
 * What is chosen is remembered, and is what is heard from then on.
 * @param {HTMLSelectElement} select
 * @param {object} page
 * @param {HTMLElement[]} [page.processing]             controls of how it is opened
 * @param {import("./notices.js").Notice} page.notice   says why it can't be
 * @param {() => Promise<void> | null} page.reopen      null where none is in use
 */
export function offerDevices(select, { processing = [], notice, reopen }) {
  async function change() {
    microphone.remember(select.value);
    const opening = reopen();
    if (!opening) return;
    try {
      await opening;
      notice.hide();
    } catch (error) {
      notice.show(error.code ?? "unusable");
    }
  }
  for (const control of [select, ...processing]) control.addEventListener("change", change);
  navigator.mediaDevices?.addEventListener("devicechange", () => listDevices(select));
  listDevices(select);
}
