"""WebRTC behind our own small interface; aiortc is named nowhere else.

offer -> sdp -> WebRtcCall -> ice (sockets) -> SRTP -> rtp (jitter, Opus) -> on_audio
send_pcm -> rtp (Opus) -> SRTP -> ice (sockets)
"""

from parley_dataplane.transports.webrtc.call import CallCounts, CallSettings, WebRtcCall

__all__ = ["CallCounts", "CallSettings", "WebRtcCall"]
