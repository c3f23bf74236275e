"""When words can be read: the first text counts, a first word only from when it stays, and what is taken back never."""

from __future__ import annotations

import pytest

from tests.bench.doors.words import Read, read

ENDED = 2.0


@pytest.mark.parametrize(
    ("transcripts", "expected"),
    [
        ([(1.0, "where"), (1.5, "where can"), (2.5, "where can i park")], Read(1.0, 1.0, True)),
        ([(1.0, "we are"), (1.5, "where can"), (2.5, "where can i park")], Read(1.0, 1.5, True)),
        ([(1.0, "where"), (1.2, "a"), (1.4, "Where can"), (2.5, "where can i")], Read(1.0, 1.4, True)),
        ([(1.0, " "), (1.5, "where"), (2.5, "where")], Read(1.5, 1.5, True)),
        ([(1.0, "we are"), (2.5, "where can i park")], Read(1.0, 2.5, True)),
        ([(2.5, "where can i park")], Read(2.5, 2.5, False)),
        ([(1.0, "where"), (2.5, "")], None),
        ([(2.5, "")], None),
        ([], None),
    ],
    ids=[
        "the first word stays",
        "the first word is corrected",
        "a word that comes back counts from when it is back",
        "an empty text tells nothing",
        "only the final text is right",
        "only the final text is told: that is no partial",
        "what was shown is taken back",
        "nothing was understood",
        "nothing was told",
    ],
)
def test_when_words_can_be_read(transcripts: list[tuple[float, str]], expected: Read | None) -> None:
    assert read(transcripts, ENDED) == expected
