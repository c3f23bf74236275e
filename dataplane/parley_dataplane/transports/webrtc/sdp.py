"""The SDP of a call: reads a stranger's offer, writes our answer (RFC 8866, RFC 9429). Pure.

Rules: an offer is at most 64 KiB and read in one pass over its lines; what can't be answered raises BadSdp with a
sentence that says what to offer instead. The answer takes one Opus section and one data section, both on the transport
of the BUNDLE group (RFC 9143). All else is refused: inactive where it shares the bundle (aiortc as a peer knows no
refusal by port and would wait for a transport of its own), by port 0 otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from parley_dataplane.errors import BadSdp
from parley_dataplane.media import HEARING_RATE

LARGEST_SDP = 64 * 1024
MOST_SECTIONS = 32
MOST_CANDIDATES = 32

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_EXTENSIONS = (MID, AUDIO_LEVEL, SEND_TIME)
_DIGESTS = ("sha-256", "sha-384", "sha-512")
_ROLES = {"actpass": "active", "passive": "active", "active": "passive"}  # theirs -> ours (RFC 8842, 5.3)
_REVERSED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_OUR_SCTP_PORT = 5000
_HEARD_BITRATE = 32_000  # browsers send 20 kb/s to whom plays 16 kHz, unless told (RFC 7587, 6.1)
_OUR_LARGEST_MESSAGE = 65_536


@dataclass(slots=True)
class Section:
    """One m= section; `attributes` are name -> values in order, those of the session where it has none of its own."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None

    @property
    def mid(self) -> str:
        return self.first("mid") or ""

    @property
    def offered(self) -> bool:
        """Port 0 is refused by the offerer itself, unless it only waits for the bundle (RFC 9143, 6)."""
        return self.port != 0 or "bundle-only" in self.attributes

    @property
    def direction(self) -> str:
        return next((name for name in _REVERSED if name in self.attributes), "sendrecv")


@dataclass(frozen=True, slots=True)
class Offer:
    """What an answer needs to know. `transport`, `audio` and `data` are indices of sections."""

    sections: list[Section]
    bundle: tuple[str, ...]
    transport: int
    audio: int
    data: int | None
    ufrag: str
    password: str
    ice_lite: bool
    fingerprints: list[tuple[str, str]]
    our_setup: str
    candidates: list[str]
    opus: int
    extensions: Mapping[str, int]
    direction: str
    sctp_port: int
    largest_message: int

    @property
    def mid(self) -> str:
        return self.sections[self.audio].mid

    @property
    def we_send(self) -> bool:
        return self.direction in ("sendrecv", "sendonly")


def read_offer(text: str) -> Offer:
    """The offer in `text`, or BadSdp."""
    sections, session = _sections(text)
    audio, opus = _audio(sections)
    bundle = _bundle(session, sections)
    accepted_bundle = [s.mid for s in sections if s.mid in bundle and s.offered]
    tagged = next((mid for mid in bundle if mid in accepted_bundle), None)
    bundled = sections[audio].mid in accepted_bundle
    transport = next(i for i, s in enumerate(sections) if s.mid == tagged) if bundled and tagged else audio
    section = sections[transport]
    data = next((i for i, s in enumerate(sections) if _is_data(s) and bundled and s.mid in bundle), None)
    if "rtcp-mux" not in sections[audio].attributes:
        raise BadSdp("the audio section has no a=rtcp-mux: RTP and RTCP share one port here (RFC 8834, 4.5)")
    ufrag, password = _ice(section)
    return Offer(
        sections=sections,
        bundle=tuple(mid for mid in bundle if mid in accepted_bundle) if bundled else (),
        transport=transport,
        audio=audio,
        data=data,
        ufrag=ufrag,
        password=password,
        ice_lite="ice-lite" in session,
        fingerprints=_fingerprints(section),
        our_setup=_setup(section),
        candidates=section.attributes.get("candidate", [])[:MOST_CANDIDATES],
        opus=opus,
        extensions=_extensions(sections[audio]),
        direction=_direction(sections[audio]),
        sctp_port=_number(sections[data].first("sctp-port"), 5000, 65_535) if data is not None else 0,
        largest_message=(
            _number(sections[data].first("max-message-size"), 65_536, 2**31) if data is not None else 0
        ),
    )


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of the answer; a candidate is (address, port, its line without "candidate:")."""

    ufrag: str
    password: str
    fingerprints: Sequence[tuple[str, str]]
    candidates: Sequence[tuple[str, int, str]]
    ssrc: int
    cname: str


def write_answer(offer: Offer, local: Local) -> str:
    """The answer to `offer`: complete, with every candidate that we have."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if offer.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(offer.bundle)}")
    lines.append("a=msid-semantic:WMS *")
    for index in range(len(offer.sections)):
        lines += _answered(offer, local, index)
    return "\r\n".join(lines) + "\r\n"


def _sections(text: str) -> tuple[list[Section], dict[str, list[str]]]:
    size = len(text.encode("utf-8", "replace"))
    if size > LARGEST_SDP:
        raise BadSdp(f"an SDP of {size} bytes: at most {LARGEST_SDP} are read")
    lines = [line for line in (raw.strip() for raw in text.splitlines()) if line]
    if not lines or lines[0] != "v=0":
        raise BadSdp('the SDP does not start with "v=0": send the offer as createOffer() made it')
    session: dict[str, list[str]] = {}
    sections: list[Section] = []
    for line in lines:
        if line.startswith("m="):
            sections.append(_media(line))
            if len(sections) > MOST_SECTIONS:
                raise BadSdp(f"more than {MOST_SECTIONS} media sections: offer one of audio and one of data")
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            (sections[-1].attributes if sections else session).setdefault(name, []).append(value)
    for section in sections:
        for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
            if name in session:
                section.attributes.setdefault(name, session[name])
    mids = [section.mid for section in sections if section.mid]
    if len(set(mids)) < len(mids):
        raise BadSdp("two sections have the same a=mid: each needs its own (RFC 5888, 4)")
    return sections, session


def _media(line: str) -> Section:
    match = re.fullmatch(r"m=([a-z]{1,20}) (\d{1,5}) ([A-Z/]{1,30}) ([\w./* -]{1,2000})", line)
    if match is None:
        raise BadSdp("a line m= that is not `m=<media> <port> <protocol> <formats>` (RFC 8866, 5.14)")
    kind, port, protocol, formats = match.groups()
    return Section(kind, int(port), protocol, formats.split())


def _bundle(session: Mapping[str, list[str]], sections: Iterable[Section]) -> tuple[str, ...]:
    known = {section.mid for section in sections if section.mid}
    for group in session.get("group", []):
        semantics, *mids = group.split()[: MOST_SECTIONS + 1] or [""]
        if semantics == "BUNDLE":
            return tuple(mid for mid in dict.fromkeys(mids) if mid in known)
    return ()


def _audio(sections: Sequence[Section]) -> tuple[int, int]:
    """The index of the section that is answered, and its payload type of Opus."""
    audio = [i for i, section in enumerate(sections) if section.kind == "audio" and section.offered]
    if not audio:
        raise BadSdp("the offer has no audio section: add a microphone track before createOffer()")
    for index in audio:
        payload_type = _opus(sections[index])
        if payload_type is not None:
            return index, payload_type
    raise BadSdp("the audio section offers no opus/48000: it is the one codec that is spoken here (RFC 7587)")


def _opus(section: Section) -> int | None:
    for value in section.attributes.get("rtpmap", []):
        payload_type, _, name = value.partition(" ")
        if name.lower().startswith("opus/48000") and payload_type in section.formats:
            # 64 to 95 can't be told from RTCP (RFC 5761, 4).
            number = int(payload_type) if re.fullmatch(r"[0-9]{1,3}", payload_type) else 128
            if number < 64 or 96 <= number < 128:
                return number
    return None


def _direction(section: Section) -> str:
    ours = _REVERSED[section.direction]
    if ours == "inactive":
        raise BadSdp("the audio section is inactive: offer sendrecv, so that both can speak")
    return ours


def _is_data(section: Section) -> bool:
    return (
        section.kind == "application"
        and section.offered
        and section.protocol.endswith("DTLS/SCTP")
        and "webrtc-datachannel" in section.formats
    )


def _ice(section: Section) -> tuple[str, str]:
    ufrag, password = section.first("ice-ufrag") or "", section.first("ice-pwd") or ""
    if not (re.fullmatch(r"[!-~]{4,256}", ufrag) and re.fullmatch(r"[!-~]{22,256}", password)):
        raise BadSdp(
            "no a=ice-ufrag of 4 to 256 and a=ice-pwd of 22 to 256 characters: ICE can't start (RFC 8839, 5.4)"
        )
    return ufrag, password


def _fingerprints(section: Section) -> list[tuple[str, str]]:
    found = []
    for value in section.attributes.get("fingerprint", [])[:8]:
        algorithm, _, digest = value.partition(" ")
        if algorithm.lower() in _DIGESTS and re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31,63}", digest):
            found.append((algorithm.lower(), digest))
    if not found:
        raise BadSdp(f"no a=fingerprint by {', '.join(_DIGESTS)}: the peer could not be told from a stranger")
    return found


def _setup(section: Section) -> str:
    theirs = section.first("setup") or "actpass"
    if theirs not in _ROLES:
        raise BadSdp("an a=setup that is none of actpass, active, passive (RFC 8842, 5.3): offer actpass")
    return _ROLES[theirs]


def _extensions(section: Section) -> dict[str, int]:
    """Those that we can write: one-byte headers alone, ids 1 to 14 (RFC 8285, 4.2)."""
    extensions: dict[str, int] = {}
    for value in section.attributes.get("extmap", [])[:32]:
        number, _, uri = value.partition(" ")
        number = number.partition("/")[0]
        if uri in _EXTENSIONS and re.fullmatch(r"[0-9]{1,2}", number) and 1 <= int(number) <= 14:
            extensions[uri] = int(number)
    return extensions


def _number(text: str | None, default: int, most: int) -> int:
    return min(int(text), most) if re.fullmatch(r"[0-9]{1,11}", text or "") and text else default


def _answered(offer: Offer, local: Local, index: int) -> Iterator[str]:
    section = offer.sections[index]
    if index == offer.audio:
        yield from _media_line(offer, local, index, [str(offer.opus)])
        yield from _audio_lines(offer, local)
    elif index == offer.data:
        yield from _media_line(offer, local, index, ["webrtc-datachannel"])
        yield f"a=sctp-port:{_OUR_SCTP_PORT}"
        yield f"a=max-message-size:{_OUR_LARGEST_MESSAGE}"
    else:
        yield from _media_line(offer, local, index, section.formats)
        yield "a=inactive"
        for rtpmap in section.attributes.get("rtpmap", []):
            yield f"a=rtpmap:{rtpmap}"
        for fmtp in section.attributes.get("fmtp", []):
            yield f"a=fmtp:{fmtp}"
        if section.kind in ("audio", "video"):
            yield "a=rtcp-mux"
    if section.mid:
        yield f"a=mid:{section.mid}"
    yield f"a=ice-ufrag:{local.ufrag}"
    yield f"a=ice-pwd:{local.password}"
    for algorithm, digest in local.fingerprints:
        yield f"a=fingerprint:{algorithm} {digest}"
    yield f"a=setup:{offer.our_setup}"
    if index == offer.transport:
        for _, _, candidate in local.candidates:
            yield f"a=candidate:{candidate}"
        yield "a=end-of-candidates"


def _media_line(offer: Offer, local: Local, index: int, formats: Sequence[str]) -> Iterator[str]:
    section = offer.sections[index]
    used = index in (offer.audio, offer.data) or section.mid in offer.bundle
    address, port, _ = local.candidates[0] if local.candidates else ("0.0.0.0", 9, "")
    yield f"m={section.kind} {port if used else 0} {section.protocol} {' '.join(formats)}"
    yield f"c=IN {'IP6' if ':' in address else 'IP4'} {address}"


def _audio_lines(offer: Offer, local: Local) -> Iterator[str]:
    yield f"a={offer.direction}"
    yield f"a=rtpmap:{offer.opus} opus/48000/2"  # "/2" in any case, mono or not (RFC 7587, 7)
    # Nobody here listens above 8 kHz: all of the peer's bits go below, and decoding costs half (24 us, then 13).
    hears = f"maxplaybackrate={HEARING_RATE};maxaveragebitrate={_HEARD_BITRATE}"
    yield f"a=fmtp:{offer.opus} minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;{hears}"
    yield "a=ptime:20"
    yield "a=rtcp-mux"
    for uri, number in offer.extensions.items():
        yield f"a=extmap:{number} {uri}"
    if offer.we_send:
        yield "a=msid:parley agent"
        yield f"a=ssrc:{local.ssrc} cname:{local.cname}"
        yield f"a=ssrc:{local.ssrc} msid:parley agent"
