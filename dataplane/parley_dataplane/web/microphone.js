/**
 * The person's microphone: which there are, which was chosen last time, and opening it.
 *
 * Rules: it asks for permission only when open() is called; a device that has gone falls back to the system's default;
 * every failure is a MicrophoneError whose code a notice can explain.
 *
 * @typedef {"insecure" | "denied" | "missing" | "unusable"} Failure
 */

const REMEMBERED = "parley.microphone";

export class MicrophoneError extends Error {
  /** @param {Failure} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const FAILURES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

/** True where a page may ask for a microphone at all: https, or this very machine. */
export const allowed = () => Boolean(navigator.mediaDevices?.getUserMedia);

/** @returns {string} device id, "" for the system's default */
export function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return ""; // storage is switched off: the choice lasts as long as the page
  }
}

/** @param {string} deviceId */
export function remember(deviceId) {
  try {
    localStorage.setItem(REMEMBERED, deviceId);
  } catch {
    // see remembered()
  }
}

/** What a browser does to a microphone's sound unless told otherwise: all that helps a conversation. */
const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/**
 * @param {string} deviceId
 * @param {{echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean}} [processing]
 * @returns {Promise<MediaStream>}
 * @throws {MicrophoneError}
 */
export async function open(deviceId, processing = PROCESSING) {
  if (!allowed()) throw new MicrophoneError("insecure");
  // "ideal", not "exact": a headset left at home must not make the call fail.
  const audio = {
    deviceId: deviceId ? { ideal: deviceId } : undefined,
    ...processing,
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(FAILURES[error.name] ?? "unusable");
  }
}

/** The microphones with their names, which a browser tells only after permission. @returns {Promise<MediaDeviceInfo[]>} */
export async function list() {
  if (!allowed()) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId, label }) =>
    kind === "audioinput" && label && !["", "default", "communications"].includes(deviceId));
}
