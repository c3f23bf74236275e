"""What `/openapi.json` tells beyond what FastAPI sees: the bodies that `protocols/` reads by itself, and every error.

    route -> responses=refusals(...), openapi_extra=reads(...) -> FastAPI's document -> truthful -> /openapi.json

Rules: nothing in here is in a request's way. What is told of a body is neither more nor less than what its parser
takes, and no status is answered that is not told: a fuzzer looks (tests/fuzz/requests.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from parley_api.turntaking import SILENCE_MS, UTTERANCE_MS, VAD_THRESHOLD
from parley_dataplane.errors import Busy, ForeignOrigin, ParleyError
from parley_dataplane.protocols import alice, fastrtc, fastrtc_http, problem

Schema = dict[str, Any]

_READ_ONLY = ("get", "head")
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER = {
    "description": "Seconds until trying again makes sense (RFC 9110, 10.2.3).",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}


def refusals(*errors: type[ParleyError]) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that may answer with these errors, as problems."""
    by_status: dict[int, list[type[ParleyError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {status: _refusal(kinds) for status, kinds in by_status.items()}


def reads(content: Mapping[str, Schema], *, required: bool = True, query: tuple[str, ...] = ()) -> Schema:
    """What a route reads: a body, by its media types, and optional names of the query."""
    extra: Schema = {
        "requestBody": {
            "required": required,
            "content": {media_type: {"schema": schema} for media_type, schema in content.items()},
        }
    }
    if query:
        extra["parameters"] = [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in query
        ]
    return extra


def install(app: FastAPI) -> None:
    """`/openapi.json` of this application."""
    app.openapi = cache(partial(_truthful, app.openapi))  # type: ignore[method-assign]


def _truthful(generate: Any) -> dict[str, Any]:
    """FastAPI's document with what it can't know: no parameter of ours can be wrong by its type, all being texts;
    requests that change something may come from a foreign page.
    """
    document: dict[str, Any] = generate()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = TypeAdapter(problem.Problem).json_schema()
    for operations in document["paths"].values():
        for method, operation in operations.items():
            responses = operation["responses"]
            if "HTTPValidationError" in str(responses.get("422")):
                del responses["422"]
            if method not in _READ_ONLY:
                responses.setdefault(str(ForeignOrigin.status), _refusal([ForeignOrigin]))
    return document


def _refusal(errors: list[type[ParleyError]]) -> dict[str, Any]:
    refusal: dict[str, Any] = {
        "description": "; ".join(dict.fromkeys(f"{error.title} ({error.code})" for error in errors)),
        "content": {problem.MEDIA_TYPE: {"schema": _PROBLEM}},
    }
    if any(issubclass(error, Busy) for error in errors):
        refusal["headers"] = {"Retry-After": _RETRY_AFTER}
    return refusal


# What the parsers of protocols/ take


def _text(limit: int) -> Schema:
    """Without NUL, and not null."""
    return {"type": "string", "maxLength": limit, "pattern": r"^[^\u0000]*$"}


def _optional(schema: Schema) -> Schema:
    """A field that is null is one that is missing."""
    return {**schema, "type": [schema["type"], "null"]}


def _number(bounds: tuple[float, float]) -> Schema:
    return _optional({"type": "number", "minimum": bounds[0], "maximum": bounds[1]})


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Other fields are left alone."""
    return {"type": "object", "required": list(required), "properties": properties}


def _json(schema: Schema) -> dict[str, Schema]:
    return {"application/json": schema}


_BINARY: Schema = {"type": "string", "format": "binary"}
_SESSION_ID = _text(alice.MAX_ID_CHARS)

OFFER = _json(
    _object(
        ("type", "sdp"),
        type={"const": "offer"},
        sdp={"type": "string", "format": "sdp"},
        test_tone=_optional({"type": "boolean"}),
        resume=_optional(_SESSION_ID),
    )
)
STOP = _json(_object(("session_id",), session_id=_SESSION_ID))
CREATE = _json(
    _object(
        user_id=_optional(_text(fastrtc.MAX_USER_CHARS)),
        session_id=_optional(_SESSION_ID),
        config=_optional(
            _object(
                vad_threshold=_number(VAD_THRESHOLD),
                silence_timeout_ms=_number(SILENCE_MS),
                max_audio_duration_ms=_number(UTTERANCE_MS),
                language=_optional({**_text(fastrtc.MAX_NAME_CHARS), "minLength": 1}),
                voice_id=_optional({**_text(fastrtc.MAX_NAME_CHARS), "minLength": 1}),
            )
        ),
    )
)
RECORDING: dict[str, Schema] = {
    **dict.fromkeys(("audio/wav", "audio/webm", "audio/ogg", *fastrtc_http.RAW_TYPES), _BINARY),
    "multipart/form-data": _object(("audio",), audio=_BINARY, session_id=_SESSION_ID),
    **_json(_object(("data",), data={"type": "string", "format": "byte"}, session_id=_optional(_SESSION_ID))),
}
"""Of a form the first file is taken, whatever its name; of a type nothing is believed but that the bytes are raw."""
