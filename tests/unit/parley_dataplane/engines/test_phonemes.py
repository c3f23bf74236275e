"""eSpeak's phonemes as the dictionary's phones."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.phonemes import phones


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("wˈɜːθaɪm", "W ER TH AY M"),
        ("lɐvˈɔɪziɚ", "L AH V OY Z IY ER"),
        ("ɡæzpˈætʃoʊ", "G AE Z P AE CH OW"),
        ("q͡", None),
        ("", None),
    ],
)
def test_espeaks_phonemes_become_phones_or_are_given_up(ipa: str, expected: str | None) -> None:
    assert phones(ipa) == expected
