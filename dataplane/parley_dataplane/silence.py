"""How long nobody has said anything in a call, and when the agent asks whether the person is still there.

Rules: time is an argument. It asks MOST times, then it waits: a call that nobody uses ends by its idle timeout. Who has
been answered since may be asked as often again.
"""

from __future__ import annotations

MOST = 2


class Silence:
    """`secs` of silence before each question; 0 for never. Nothing counts before `began`."""

    def __init__(self, secs: float) -> None:
        self._secs = secs
        self._since: float | None = None
        self._asked = 0

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether the agent has asked, and nobody has said anything since: it keeps no call from its idle timeout."""
        return self._asked > 0

    def began(self, now: float) -> None:
        """The call has begun, or goes on after its peer had gone."""
        self._since = now

    def broken(self, now: float, *, by_an_answer: bool) -> None:
        """Somebody speaks, or may. A sound that is no question makes nobody present."""
        if self._since is not None:
            self._since = now
            self._asked = 0 if by_an_answer else self._asked

    def is_question_due(self, now: float) -> bool:
        """Asked once for each question: it counts as put."""
        if not self._secs or self._since is None or self._asked == MOST or now - self._since < self._secs:
            return False
        self._since = now
        self._asked += 1
        return True
