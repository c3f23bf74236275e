"""The data plane: one process per pod, many calls in it.

routes/ (doors) -> Session.hear -> hearing.Ear -> utterance.Utterance (STT)
-> turns.Turn -> reply.Reply (LLM -> clauses -> TTS) -> media.Speaker
-> media.Pacer's tick -> door.send_audio
"""
