"""unit: no network, no clock. calls: a real server, real clients. browser: a real Chromium. bench: figures.

clients/, speech.py and espeak.py use no code of the server; server.py starts it as a child process.
"""
