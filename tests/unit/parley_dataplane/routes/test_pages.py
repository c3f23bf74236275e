"""The pages are whole: no part is missing, none lies about for a single page or for none, no id comes twice."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from parley_dataplane.routes.pages import WEB, page

PAGES = sorted(file.stem for file in WEB.glob("*.html"))


class Elements(HTMLParser):
    """What begins and ends: an element that is not closed, or not by itself, is an error."""

    EMPTY = frozenset({"meta", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids.update(value for name, value in attrs if name == "id" and value)
        if tag not in self.EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids.update(value for name, value in attrs if name == "id" and value)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_arrives_whole(name: str) -> None:
    html = bytes(page(name).body).decode()
    assert html.startswith("<!doctype html>")
    elements = Elements(html)
    assert elements.comments == [], "a part that was not put in"
    assert [found for found, times in elements.ids.items() if times > 1] == []
    for wanted in ("call", "state", "hint", "captions", "notice", "announcer"):
        assert wanted in elements.ids


@pytest.mark.parametrize("name", PAGES)
def test_a_pages_policy_comes_before_all_that_it_governs(name: str) -> None:
    html = bytes(page(name).body).decode()
    policy = html.index("Content-Security-Policy")
    assert policy < min(html.index("<link"), html.index("<script"))
    assert html.index('<meta charset="utf-8">') < 1024, "where a browser looks for it (HTML, 4.2.5.4)"


def test_each_part_is_of_several_pages() -> None:
    used = Counter(
        part for file in WEB.rglob("*.html") for part in re.findall(r"<!-- part (\w+) -->", file.read_text())
    )
    assert set(used) == {file.stem for file in (WEB / "parts").glob("*.html")}
    assert min(used.values()) >= 2
