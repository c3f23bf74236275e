"""What Schemathesis can't make from a schema: offers, and recordings of each kind. Its hooks name this module."""

import schemathesis
from hypothesis import strategies

from tests.fuzz.sequences import RECORDINGS
from tests.fuzz.words import sdp_seeds

OFFERS = [offer for offer in map(bytes.decode, sdp_seeds()) if "m=audio 0" not in offer]

schemathesis.openapi.format("sdp", strategies.sampled_from(OFFERS))
for kind in ("wav", "webm", "ogg", "pcm", "l16"):
    schemathesis.openapi.media_type(f"audio/{kind}", strategies.sampled_from(RECORDINGS))
