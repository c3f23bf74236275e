"""Parley and its peers by the same client: served.py starts them, bargein.py hears who is interrupted when, ladder.py
says how many calls come next, record.py keeps and sums up, __main__.py runs it all."""
