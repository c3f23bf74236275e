/**
 * What the package @parley/client exports: the pages of the server use these very files.
 *
 *     Call            a call over WebRTC, with reconnecting
 *     VoiceSocket     the same over FastRTC Voice AI's WebSocket; slice() makes its audio, Player plays its answers
 */

export { Call, CallError } from "./call.js";
export { Player } from "./player.js";
export { slice } from "./slices.js";
export { VoiceSocket, VoiceSocketError } from "./voice-socket.js";
