"""What is pure in the way from text and sound to words: spelling, phonemes, language model, front end, resampler."""

from __future__ import annotations

import math

import numpy as np
import pytest

from parley_dataplane.engines.front_end import FrontEnd, pink_noise
from parley_dataplane.engines.language_model import (
    LanguageModel,
    dictionary_text,
    pronunciations,
    sentences,
)
from parley_dataplane.engines.phonemes import phones
from parley_dataplane.engines.spoken import cardinal, clock, spoken
from parley_dataplane.engines.workers.cepstral_mean import EVERY_FRAMES, PRIOR, PRIOR_FRAMES, CepstralMean
from parley_dataplane.engines.workers.resampler import Resampler
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE, Pcm


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Open 8:00 to 18:30.", "Open eight o'clock to eighteen thirty."),
        ("At 10:05,", "At ten oh five,"),
        ("Call 555-0123", "Call five five five, zero one two three"),
        ("Dr. Baker, since 1984", "doctor Baker, since nineteen eighty four"),
        ("e.g. 5 p.m.", "for example 5 p m"),
        ("nothing special", "nothing special"),
    ],
)
def test_numbers_and_abbreviations_are_said_as_people_say_them(written: str, said: str) -> None:
    assert spoken(written).text == said


def test_every_place_of_the_spoken_text_knows_its_written_word() -> None:
    written = "  Call 555-0123 at 10:05 "
    text = spoken(written)
    ends = [text.end_of(text.text.index(word)) for word in ("Call", "zero", "at", "oh", "five, zero")]
    assert [written[:end].split()[-1] for end in ends] == ["Call", "555-0123", "at", "10:05", "555-0123"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (21, "twenty one"), (100, "one hundred"), (2014, "two thousand fourteen"), (999_999, None)],
)
def test_cardinals(number: int, words: str | None) -> None:
    assert cardinal(number) == (words or "nine hundred ninety nine thousand nine hundred ninety nine")
    assert clock(12, 0) == "twelve o'clock"


def test_sentences_are_lower_case_words_alone() -> None:
    assert sentences("We\u2019re open! At 8:30, Mon-Fri; 2 doctors.\n\n# 🙂") == [
        ["we're", "open"],
        ["at", "eight", "thirty", "mon", "fri"],
        ["two", "doctors"],
    ]


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


def model() -> LanguageModel:
    return LanguageModel.of(["where can i park", "where is the park"], ["xylophone"])


@pytest.mark.parametrize(
    "history", [(), ("where",), ("<s>", "where"), ("never", "seen"), ("where", "xylophone")]
)
def test_probabilities_after_any_history_sum_to_one(history: tuple[str, ...]) -> None:
    lm = model()
    total = math.fsum(lm.probability(history, word) for word in [*lm.words, "</s>"])
    assert total == pytest.approx(1)


def test_what_the_agent_expects_is_likelier_than_what_anyone_says_and_that_than_the_rest() -> None:
    lm = model()
    agent, generic, rest = (lm.probability(("<s>",), word) for word in ("where", "goodbye", "xylophone"))
    assert agent > generic > rest > 0


def test_the_arpa_file_counts_what_it_lists_and_backs_off_to_the_same_probabilities() -> None:
    lm = model()
    lines = lm.arpa().splitlines()
    declared = [int(line.split("=")[1]) for line in lines if line.startswith("ngram ")]
    listed = [
        sum(len(line.split()) - (line.count(" -") > 0) >= 0 for line in _section(lines, n)) for n in (1, 2, 3)
    ]
    assert declared == listed
    bigram = next(line.split() for line in _section(lines, 2) if line.split()[1:3] == ["where", "can"])
    assert 10 ** float(bigram[0]) == pytest.approx(lm.probability(("where",), "can"), rel=1e-3)


def _section(lines: list[str], order: int) -> list[str]:
    start = lines.index(f"\\{order}-grams:") + 1
    return lines[start : lines.index("", start)]


def test_the_same_texts_give_the_same_bytes() -> None:
    assert model().arpa() == model().arpa()


def test_a_word_that_nobody_can_pronounce_is_nowhere_in_the_model() -> None:
    lm = model()
    restricted = lm.restricted_to(lm.words - {"park"})
    assert "park" not in restricted.arpa()
    assert "where" in restricted.words


def test_the_dictionary_holds_every_way_to_say_just_the_words_asked_for() -> None:
    lines = ["tomato T AH M EY T OW", "tomato(2) T AH M AA T OW", "other AH DH ER"]
    found = pronunciations(lines, frozenset({"tomato", "missing"}))
    assert dictionary_text(found) == "tomato T AH M EY T OW\ntomato(2) T AH M AA T OW\n"


def front_end(pcm: Pcm) -> list[Pcm]:
    end = FrontEnd()
    parts = [end.push(pcm[start : start + HEARING_FRAME]) for start in range(0, len(pcm), HEARING_FRAME)]
    return [part for part in [*parts, end.flush()] if len(part)]


@pytest.mark.parametrize("amplitude", [600, 6_000, 32_000])
def test_every_voice_gets_the_same_level_and_no_sample_is_lost(amplitude: int) -> None:
    tone = (amplitude * np.sin(np.arange(2 * HEARING_RATE) / 10)).astype(np.int16)
    heard = np.concatenate(front_end(tone))
    assert len(heard) == len(tone)
    assert np.abs(heard.astype(int)).max() == pytest.approx(16_384, rel=0.06)


def test_digital_silence_gets_a_floor_of_noise_at_minus_45_db() -> None:
    heard = np.concatenate(front_end(np.zeros(HEARING_RATE * 4, np.int16)))
    decibels = 20 * np.log10(np.sqrt(np.mean((heard / 32768.0) ** 2)))
    assert decibels == pytest.approx(-45, abs=0.5)
    octave = [np.sum(np.abs(np.fft.rfft(pink_noise()))[low : 2 * low] ** 2) for low in (4_000, 16_000)]
    assert octave[0] == pytest.approx(octave[1], rel=0.1), "pink: every octave holds the same power"


def test_there_is_one_write_per_80_ms_and_not_per_frame() -> None:
    assert len(front_end(np.zeros(HEARING_RATE * 2, np.int16))) <= 20


def test_a_burst_that_is_louder_than_what_came_before_does_not_clip() -> None:
    quiet, loud = (np.full(HEARING_RATE, level, np.int16) for level in (500, 30_000))
    assert np.abs(np.concatenate(front_end(np.concatenate([quiet, loud]))).astype(int)).max() < 32_767


@pytest.mark.parametrize("size", [1, 7, 441, 882, 22_050])
def test_resampling_does_not_depend_on_how_the_sound_is_cut(size: int) -> None:
    tone = (10_000 * np.sin(np.arange(4_410) / 5)).astype(np.int16)
    assert np.array_equal(resampled(tone, size), resampled(tone, len(tone)))
    assert len(resampled(tone, size)) == 4_800


@pytest.mark.parametrize("hertz", [100, 1_000, 5_000, 9_000])
def test_a_resampled_tone_is_the_tone_at_the_new_rate(hertz: int) -> None:
    tone = (10_000 * np.sin(2 * np.pi * hertz * np.arange(22_050) / 22_050)).astype(np.int16)
    wanted = 10_000 * np.sin(2 * np.pi * hertz * np.arange(24_000) / 24_000)
    difference = (resampled(tone, 1_323) - wanted)[200:-200]
    assert 20 * np.log10(np.sqrt(np.mean(difference**2)) / 7_071) < -65


def resampled(pcm: Pcm, size: int) -> Pcm:
    resampler = Resampler(22_050, 24_000)
    parts = [resampler.push(pcm[start : start + size]) for start in range(0, len(pcm), size)]
    return np.concatenate([*parts, resampler.flush()])


def test_the_cepstral_mean_moves_from_other_peoples_to_this_utterances() -> None:
    """A decoder whose every frame is `own`, and that counts what it was given as 500 frames."""
    own = [value + 6 for value in PRIOR]
    mean = CepstralMean()
    assert not mean.is_due(EVERY_FRAMES - 1)
    given, frames = [float(value) for value in mean.current.split(",")], 0
    for _ in range(10):
        frames += 20
        reported = [(500 * a + 20 * b) / 520 for a, b in zip(given, own, strict=True)]
        mean.move(",".join(map(str, reported)), frames)
        given = [float(value) for value in mean.current.split(",")]
    share = 200 / (200 + PRIOR_FRAMES)
    assert given == pytest.approx([value + 6 * share for value in PRIOR], abs=0.05)
