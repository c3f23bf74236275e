"""Promises of the VoiceAgent kind and of its operator, kept at a real API server."""
