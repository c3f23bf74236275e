"""What the operator asks of a kind: its plan, and the little that is this kind's alone.

Rules: a program has no loop and no clock of its own: reconcile.py and main.py call it. It needs to say `kind`,
`observe` and `plan`; all else does nothing unless it says so. Only `observe`, `after` and `farewell` may await, and
each write of theirs goes through the cluster, and is one that need not be written again. One program serves all
objects of its kind, many of them at the same time, but never one of them twice at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from parley_operator.cluster import Cluster
from parley_operator.kinds import Primary
from parley_operator.look_ups import LookUps
from parley_operator.observe import Observer
from parley_operator.pace import Pace
from parley_operator.plan.plan import Object, Observed, Plan, Ref
from parley_operator.polls import Polls, Question
from parley_operator.queue import Key
from parley_operator.settings import Settings
from parley_operator.tenancy import Tenancy

Seen = TypeVar("Seen", bound=Observed)
Made = TypeVar("Made", bound=Plan)


class Shared:
    """What the programs of all kinds use together."""

    def __init__(self, cluster: Cluster, polls: Polls, settings: Settings) -> None:
        self.cluster = cluster
        self.settings = settings
        self.observer = Observer(cluster, polls)
        self.look_ups = LookUps(cluster)
        self.pace = Pace(settings.slow_seconds)
        self.tenancy = Tenancy(cluster)


@dataclass(frozen=True, slots=True)
class Look(Generic[Made]):
    """One look at one object, when its plan has been carried out. `refused`: not all of it was taken, and nothing
    after that was tried. `untold`: its pods have not been asked often enough for anything to be said of them.
    """

    key: Key
    obj: Object
    plan: Made
    refused: bool = False
    untold: bool = False


class Program(ABC, Generic[Seen, Made]):
    kind: ClassVar[Primary]

    slow_status: ClassVar[tuple[str, ...]] = ()
    """Fields of its status that change all the time: where nothing else did, they are written at most every
    Settings.slow_seconds."""

    question: ClassVar[Question | None] = None
    """How its pods are asked; None: they are not."""

    finalizer: ClassVar[str] = ""
    """Where something has to be undone that no garbage collector knows: an object that is deleted stays, and is looked
    at as before, until its plan says `over`."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    @abstractmethod
    async def observe(self, key: Key, obj: Object, seen: Observed) -> Seen:
        """`seen` and what else its plan goes by. Raises ApiError or Unreachable where something has to be asked for."""

    @abstractmethod
    def plan(self, obj: Object, observed: Seen, settings: Settings, now: datetime) -> Made:
        """Pure: `plan` of plan/KIND.py."""

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        """What its plan goes by beside what it owns: a change of one of these wakes it (wakes.py)."""
        return ()

    def changed(self, key: Key, obj: Object | None) -> None:
        """It is another than before, or gone (None): by the watch, in a standby too."""

    def gone(self, obj: Object) -> None:
        """It was deleted as it was then."""

    def asks(self, pod: Object) -> Question | None:
        """How this pod of its, as the cache has it, is asked."""
        return self.question

    def begin(self, key: Key, observed: Seen) -> None:
        """A look begins."""

    def planned(self, key: Key, plan: Made) -> None:
        """Before anything awaits, and another object is planned."""

    async def after(self, look: Look[Made]) -> float | None:
        """What its plan asks for beside what every plan does. Seconds until it is looked at again for this."""
        return None

    async def farewell(self, key: Key, obj: Object | None) -> float | None:
        """It is on its way out, or gone (None). As `after`."""
        return None

    def at_rest(self) -> Iterable[Key]:
        """Asked every second while nothing waits: what is to be looked at now."""
        return ()

    @property
    def turns(self) -> tuple[int, int]:
        """How many objects wait to be rolled for the operator's own sake, and how many are."""
        return 0, 0
