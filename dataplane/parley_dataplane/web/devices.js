/** The list to choose a microphone from, on each page that has one. */

import * as microphone from "./microphone.js";

/** Fills it anew with what there is now; what was chosen stays chosen while it is there. @param {HTMLSelectElement} select */
export async function listDevices(select) {
  const devices = await microphone.list();
  const chosen = select.value || microphone.remembered();
  const options = devices.map(({ deviceId, label }) => new Option(label, deviceId));
  select.replaceChildren(new Option("System default", ""), ...options);
  select.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}
