"""Clients of the doors that use no code of the server: aiortc, websockets, PyAV and numpy alone.

microphone.py  what is said, 20 ms at a time -> webrtc.py | sockets.py -> recording.py  what arrived, when
listening.py   is this audio that sentence?     plain_http.py  HTTP/1.1     vanishing.py  a peer to be killed
"""
