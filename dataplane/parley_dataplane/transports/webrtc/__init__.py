"""WebRTC behind our own small interface; aiortc is named nowhere else.

offer -> sdp -> Calls -> WebRtcCall
port (one socket for each local address) -> ice (whose, and is it the peer) -> SRTP -> receiver -> on_sensed, on_audio
send_pcm -> sender -> SRTP -> ice (the path that was found) -> port
"""

from parley_dataplane.transports.webrtc.call import CallCounts, CallSettings, WebRtcCall
from parley_dataplane.transports.webrtc.calls import Calls

__all__ = ["CallCounts", "CallSettings", "Calls", "WebRtcCall"]
