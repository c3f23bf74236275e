/** What the pages call the states of a call: a title, and what the person can do. */

export const WORDS = {
  off: ["Ready when you are", "Speak, listen, interrupt."],
  connecting: ["Connecting", "Allow the microphone if you are asked."],
  reconnecting: ["Reconnecting", "One moment."],
  idle: ["Your turn", "Go ahead, I can hear you."],
  typing: ["Your turn", "Type below; the answer is spoken."],
  muted: ["Muted", "Unmute to speak, or type below."],
  listening: ["Listening", "Pause, and I will answer."],
  processing: ["Thinking", "One moment."],
  speaking: ["Speaking", "Speak or press Interrupt to stop me."],
};

/** What one is told instead while one's own voice is too quiet. */
export const QUIET = "I can hardly hear you: come closer.";

/** The turn, as the server tells it. */
export const STATES = new Set(["idle", "listening", "processing", "speaking"]);
