"""The OpenAPI document tells every request with its body, every answer with its type, and every error as a problem.

Whether it tells the truth a fuzzer asks of a real server: tests/fuzz/requests.py.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from parley_dataplane.errors import BadMessage, BadSdp, Busy, TooBig
from parley_dataplane.routes.openapi import refusals

HEALTH = {"/readyz"}
"""Its 503 is an answer like any other."""


@pytest.fixture
def document(server: Any) -> dict[str, Any]:
    answer = asyncio.run(server.http("GET", "/openapi.json"))
    assert answer.status == 200
    return dict(json.loads(answer.body))


def responses(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, status, response)
        for path, methods in document["paths"].items()
        for told in methods.values()
        for status, response in told["responses"].items()
    ]


def test_every_answer_has_a_type(document: dict[str, Any]) -> None:
    for path, status, response in responses(document):
        assert response["content"], (path, status)
        for media_type, told in response["content"].items():
            assert told["schema"], (path, status, media_type)


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    errors = [(path, told) for path, status, told in responses(document) if int(status) >= 400]
    assert len(errors) > 20
    for path, told in errors:
        if path not in HEALTH:
            assert set(told["content"]) == {"application/problem+json"}, path
    assert set(document["components"]["schemas"]["Problem"]["required"]) == {
        "type",
        "title",
        "status",
        "detail",
    }
    assert "ValidationError" not in json.dumps(document)


def test_whoever_may_be_too_busy_says_when_to_try_again(document: dict[str, Any]) -> None:
    busy = [told for path, status, told in responses(document) if status == "503" and path not in HEALTH]
    assert len(busy) >= 4
    assert all(told["headers"]["Retry-After"]["required"] for told in busy)


def test_whatever_changes_something_may_be_refused_to_a_page(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            assert ("403" in told["responses"]) == (method != "get"), (path, method)


def test_every_body_is_told(document: dict[str, Any]) -> None:
    posted = {path for path, methods in document["paths"].items() if "post" in methods}
    told = {path for path in posted if "requestBody" in document["paths"][path]["post"]}
    assert posted - told == {"/v2/sessions"}, "which reads none"


def test_errors_of_one_status_are_told_together() -> None:
    told = refusals(BadMessage, BadSdp, TooBig, Busy)
    assert set(told) == {400, 413, 503}
    assert "bad-message" in told[400]["description"]
    assert "bad-sdp" in told[400]["description"]
