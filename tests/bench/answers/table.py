"""Owns what is printed of the answers, and the floors: under one of them, the run has failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from parley_cli.spoken_tests.verdict import Verdict
from tests.bench.answers.questions import FOREIGN, OTHER, OWN

Sample = dict[str, Any]
"""One question: example, part, say, voice, noisy, heard, said, verdict."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Of the questions of `part` in quiet or noise: the share in percent that has `verdict`, and its bound."""

    part: str
    noisy: bool | None
    verdict: Verdict
    least: float = 0.0
    most: float = 100.0

    def share(self, samples: Iterable[Sample]) -> float:
        return percent(
            [s for s in samples if s["part"] == self.part and self.noisy in (None, s["noisy"])], self.verdict
        )

    def told(self, samples: Iterable[Sample]) -> str:
        share = self.share(samples)
        place = {None: "", False: ", quiet", True: ", noise"}[self.noisy]
        bound = f"at least {self.least:.0f}" if self.least else f"at most {self.most:.0f}"
        name = "answered" if self.part == FOREIGN else self.verdict.value
        return (
            f"{self.part}{place}: {name} {share:.1f} % ({bound}{'' if self.holds(share) else ', NOT HELD'})"
        )

    def holds(self, share: float) -> bool:
        return self.least <= share <= self.most


FLOORS = (
    Floor(OWN, False, Verdict.RIGHT, least=92),
    Floor(OTHER, False, Verdict.RIGHT, least=75),
    Floor(OTHER, True, Verdict.RIGHT, least=65),
    Floor(OTHER, None, Verdict.WRONG, most=8),
    Floor(FOREIGN, None, Verdict.WRONG, most=15),
)
"""Measured on the first try: what a caller is asked to say again counts as such."""


def table(samples: Sequence[Sample]) -> list[str]:
    """A line for each part, room and voice of what was asked."""
    lines = [f"{'':14}{'room':7}{'voice':26}{'n':>4}  " + "  ".join(f"{one.value:>11}" for one in Verdict)]
    for part in (OWN, OTHER, FOREIGN):
        for noisy in (False, True):
            here = [s for s in samples if s["part"] == part and s["noisy"] is noisy]
            for voice in (*dict.fromkeys(s["voice"] for s in here), "all"):
                asked = [s for s in here if voice in ("all", s["voice"])]
                shares = "  ".join(f"{percent(asked, one):9.0f} %" for one in Verdict)
                lines.append(f"{part:14}{'noise' if noisy else 'quiet':7}{voice:26}{len(asked):4}  {shares}")
    return lines


def failed(samples: Sequence[Sample]) -> list[str]:
    """What was not right, most often first."""
    wrong = [s for s in samples if s["verdict"] != Verdict.RIGHT.value]
    often = Counter(s["say"] for s in wrong)
    return [
        f"{s['verdict']:12}{s['voice']:24}{'noise' if s['noisy'] else 'quiet'}  {s['say']}\n"
        f'{"":12}heard "{s["heard"]}", said "{s["said"][:70]}"'
        for s in sorted(wrong, key=lambda s: (-often[s["say"]], s["say"]))
    ]


def summary(samples: Sequence[Sample]) -> str:
    return "; ".join(floor.told(samples) for floor in FLOORS)


def is_under_a_floor(samples: Sequence[Sample]) -> bool:
    return any(not floor.holds(floor.share(samples)) for floor in FLOORS)


def percent(asked: Sequence[Sample], wanted: Verdict) -> float:
    """0 where nothing was asked."""
    return 100 * sum(s["verdict"] == wanted.value for s in asked) / len(asked) if asked else 0.0
