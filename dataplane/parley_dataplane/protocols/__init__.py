"""The wire formats, pure: text or bytes in, a frozen message out; an event in, text or bytes out.

    raw -> parse -> Message -> (routes/) -> session
    session -> Event -> render -> text | bytes

No FastAPI, no aiortc, no session in here. A broken message is one typed error; unknown fields are left
alone, so that a client of tomorrow is understood as far as it goes.
"""
