"""A light WebRTC client, many calls in one event loop: what loads and times a server from outside.

    call.py -> sdp.py (offer) -> HTTP -> ice.py -> dtls.py -> SRTP both ways
    out: microphone.py (payloads encoded beforehand) -> switchboard.py (one clock, 50 a second) -> rtp.py -> socket
    in:  socket (the kernel's timestamp) -> switchboard.py (one epoll) -> rtp.py -> opus.py -> heard.py

It uses no code of the server, and of aiortc only SCTP, where a data channel is asked for (data.py).
"""
