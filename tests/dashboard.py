"""Owns how a Grafana dashboard has to look: its panels side by side, none over another."""

from __future__ import annotations

from typing import Any


def check_panels(panels: list[dict[str, Any]]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert (x, y) not in taken, f"{panel['title']} lies over {taken.get((x, y))}"
                taken[x, y] = panel["title"]
    assert len({panel["id"] for panel in panels}) == len(panels)
