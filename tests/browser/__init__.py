"""A real Chromium on the talk page, and what came out of its loudspeaker.

tests/conftest.py (server) + page.py (browser, page) -> test_*.py;  tape.js records both voices in the page -> tape.py
"""
