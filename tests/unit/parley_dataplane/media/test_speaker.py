"""The speaker: who leaves when, and what was heard by then. All on a clock that the test owns."""

import numpy as np
import pytest

from parley_dataplane.media import FRAME_SECS, SPEAKING_FRAME, SPEAKING_RATE, Pcm
from parley_dataplane.media.ledger import Heard
from parley_dataplane.media.speaker import HEADROOM_SECS, LEAD_IN, Chunk, Speaker, Unit


def tone(seconds: float) -> Pcm:
    return np.arange(round(seconds * SPEAKING_RATE), dtype=np.int64).astype(np.int16)


def say(speaker: Speaker, *clauses: float, turn: int = 0) -> None:
    speaker.begin(turn)
    for seconds in clauses:
        speaker.open_clause("alpha beta gamma delta")
        speaker.push(tone(seconds))
        speaker.close_clause()
    speaker.finish()


def run(speaker: Speaker, start: float, seconds: float) -> list[tuple[float, Chunk]]:
    """Tick every 20 ms; what left, and when."""
    left = []
    for tick in range(round(seconds / FRAME_SECS)):
        now = start + tick * FRAME_SECS
        left += [(now, chunk) for chunk in speaker.take(now)]
    return left


def test_without_lead_one_frame_leaves_per_tick() -> None:
    speaker = Speaker()
    say(speaker, 1.0)
    left = run(speaker, 100.0, 2.0)
    assert [round((now - 100.0) / FRAME_SECS) for now, _ in left] == list(range(50))
    assert all(len(chunk.pcm) == SPEAKING_FRAME for _, chunk in left)
    assert [chunk.last_of_clause for _, chunk in left] == [False] * 49 + [True]


def test_every_sample_leaves_once_and_in_order() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 0.1234, 0.5)
    left = np.concatenate([chunk.pcm for _, chunk in run(speaker, 7.0, 1.5)])
    first = tone(0.1234)
    assert np.array_equal(left[: len(first)], first)
    padding = -len(first) % SPEAKING_FRAME
    assert not left[len(first) : len(first) + padding].any(), "a clause's last frame ends in silence"
    assert np.array_equal(left[len(first) + padding :], tone(0.5))


def test_with_a_lead_audio_leaves_at_most_300_ms_ahead_of_what_is_heard() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 3.0)
    sent = 0
    for tick in range(200):
        now = 50.0 + tick * FRAME_SECS
        sent += sum(len(chunk.pcm) for chunk in speaker.take(now))
        ahead = sent / SPEAKING_RATE - speaker.heard(now).seconds
        assert ahead <= 0.3 + 1e-6
    assert sent == 3 * SPEAKING_RATE


def test_a_whole_clause_leaves_once_the_one_before_has_300_ms_to_go() -> None:
    speaker = Speaker(lead_secs=0.3, unit="clause")
    say(speaker, 2.0, 1.0, 1.0)
    left = run(speaker, 10.0, 6.0)
    assert [len(chunk.pcm) / SPEAKING_RATE for _, chunk in left] == [2.0, 1.0, 1.0]
    assert [now - 10.0 for now, _ in left] == pytest.approx([0.0, 1.7, 2.7], abs=FRAME_SECS)


def test_what_was_cut_counts_by_the_sample_that_had_sounded() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 4.0)
    run(speaker, 0.0, 2.0)
    heard = speaker.cut(2.0)
    assert heard.seconds == pytest.approx(2.0, abs=FRAME_SECS)
    assert (heard.text, heard.unheard) == ("alpha beta", "gamma delta")
    assert speaker.take(2.02) == []


def test_a_cut_clause_that_left_as_a_file_counts_by_the_time_it_played() -> None:
    speaker = Speaker(lead_secs=0.3, unit="clause")
    say(speaker, 4.0, 4.0)
    run(speaker, 0.0, 2.0)
    assert speaker.cut(2.0).seconds == pytest.approx(2.0, abs=FRAME_SECS)


def test_an_engine_that_is_late_stops_the_clock_of_what_is_heard() -> None:
    speaker = Speaker()
    speaker.begin(0)
    speaker.open_clause("alpha beta gamma delta")
    speaker.push(tone(0.1))
    run(speaker, 0.0, 1.0)
    assert speaker.heard(1.0).seconds == pytest.approx(0.1)
    assert not speaker.is_over(1.0)
    speaker.push(tone(0.1))
    run(speaker, 1.0, 0.1)
    assert speaker.heard(1.06).seconds == pytest.approx(0.16, abs=FRAME_SECS)


def test_an_answer_is_over_when_it_has_been_heard_not_when_it_has_left() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 0.2)
    assert sum(len(chunk.pcm) for chunk in speaker.take(0.0)) == 0.2 * SPEAKING_RATE
    assert not speaker.is_over(0.18)
    assert speaker.is_over(0.2)


def test_the_answer_after_a_cut_starts_at_once() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 5.0)
    run(speaker, 0.0, 1.0)
    speaker.cut(1.0)
    say(speaker, 1.0, turn=1)
    assert [chunk.turn for chunk in speaker.take(1.0)] == [1] * 15


def test_a_full_speaker_has_no_room_until_audio_has_left() -> None:
    speaker = Speaker()
    speaker.begin(0)
    speaker.open_clause("a long clause")
    speaker.push(tone(HEADROOM_SECS))
    assert not speaker.has_room
    speaker.take(0.0)
    assert speaker.has_room


def test_a_clause_that_leaves_as_one_file_may_be_longer_than_the_headroom() -> None:
    speaker = Speaker(unit="clause")
    speaker.begin(0)
    speaker.open_clause("a long clause")
    speaker.push(tone(HEADROOM_SECS + 1))
    assert speaker.has_room
    speaker.close_clause()
    assert not speaker.has_room


def test_an_answer_that_is_a_file_leaves_as_it_is_made_and_is_heard_then() -> None:
    speaker = Speaker(unit="file")
    speaker.begin(0)
    for _ in range(3):
        speaker.open_clause("alpha beta gamma delta")
        speaker.push(tone(HEADROOM_SECS))
        assert speaker.has_room
        speaker.close_clause()
        assert [len(chunk.pcm) for chunk in speaker.take(5.0)] == [HEADROOM_SECS * SPEAKING_RATE]
        assert speaker.sounding() is None
    assert not speaker.is_over(5.0)
    speaker.finish()
    assert speaker.is_over(5.0)
    assert speaker.heard(5.0).seconds == 3 * HEADROOM_SECS


@pytest.mark.parametrize("pieces", [1, 7, 480, 481, 5000])
def test_the_size_of_the_pieces_that_tts_makes_changes_nothing(pieces: int) -> None:
    speaker = Speaker()
    speaker.begin(0)
    speaker.open_clause("alpha")
    pcm = tone(0.25)
    for start in range(0, len(pcm), pieces):
        speaker.push(pcm[start : start + pieces])
    speaker.close_clause()
    speaker.finish()
    left = np.concatenate([chunk.pcm for _, chunk in run(speaker, 0.0, 1.0)])
    assert np.array_equal(left[: len(pcm)], pcm)


def samples(left: list[tuple[float, Chunk]]) -> Pcm:
    return np.concatenate([chunk.pcm for _, chunk in left])


@pytest.mark.parametrize(("lead", "unit"), [(0.0, "frame"), (0.3, "frame"), (0.3, "clause")])
def test_a_pause_loses_no_sample_and_says_none_twice(lead: float, unit: Unit) -> None:
    speaker = Speaker(lead, unit)
    say(speaker, 0.5, 0.5)
    left = run(speaker, 0.0, 0.2)
    speaker.pause()
    assert run(speaker, 0.2, 0.3) == []
    speaker.resume()
    left += run(speaker, 0.5, 1.5)
    assert np.array_equal(samples(left), np.concatenate([tone(0.5), tone(0.5)]))
    assert speaker.is_over(2.0)
    assert speaker.heard(2.0).seconds == 1.0


def test_a_paused_answer_goes_on_with_the_next_sample_in_the_first_tick_after_it() -> None:
    speaker = Speaker()
    say(speaker, 1.0)
    before = samples(run(speaker, 0.0, 0.4))
    speaker.pause()
    run(speaker, 0.4, 0.2)
    speaker.resume()
    (chunk,) = speaker.take(0.6)
    assert chunk.pcm[0] == before[-1] + 1


def test_what_had_left_before_a_pause_sounds_out_and_nothing_else_is_heard() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 2.0)
    run(speaker, 0.0, 0.5)  # the last tick was at 0.48: 0.78 s have left
    speaker.pause()
    assert [round(speaker.heard(now).seconds, 2) for now in (0.5, 0.6, 0.78, 0.9, 5.0)] == [
        0.5,
        0.6,
        0.78,
        0.78,
        0.78,
    ]


def test_a_client_with_a_lead_hears_no_gap_when_the_pause_is_shorter_than_its_lead() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 2.0)
    run(speaker, 0.0, 0.5)
    speaker.pause()
    run(speaker, 0.5, 0.26)
    speaker.resume()
    run(speaker, 0.76, 0.24)
    assert speaker.heard(1.0).seconds == pytest.approx(1.0)


@pytest.mark.parametrize(("lead", "heard"), [(0.0, 0.4), (0.3, 0.55)])
def test_a_cut_while_paused_counts_what_had_sounded_by_then_and_never_more_than_had_left(
    lead: float, heard: float
) -> None:
    speaker = Speaker(lead)
    say(speaker, 2.0)
    run(speaker, 0.0, 0.4)
    speaker.pause()
    run(speaker, 0.4, 0.16)
    assert speaker.cut(0.55).seconds == pytest.approx(heard)
    say(speaker, 1.0, turn=1)
    assert speaker.take(0.56)[0].turn == 1, "the next answer is not paused"


def test_an_answer_that_had_left_whole_is_over_in_a_pause_and_one_that_had_not_is_not() -> None:
    for seconds, over in ((0.4, True), (0.42, False)):
        speaker = Speaker()
        say(speaker, seconds)
        run(speaker, 0.0, 0.4)
        speaker.pause()
        assert speaker.is_over(1.0) is over


@pytest.mark.parametrize(("lead", "unit"), [(0.0, "frame"), (0.3, "frame"), (0.3, "clause")])
def test_what_sounds_is_told_20_ms_at_a_time_when_it_sounds_however_early_it_left(
    lead: float, unit: Unit
) -> None:
    speaker = Speaker(lead, unit)
    say(speaker, 0.5)
    told: list[Pcm | None] = []
    for tick in range(30):
        speaker.take(tick * FRAME_SECS)
        told.append(speaker.sounding())
    assert told[25:] == [None] * 5
    frames = [frame for frame in told[:25] if frame is not None]
    assert [len(frame) for frame in frames] == [SPEAKING_FRAME] * 25
    assert np.array_equal(np.concatenate(frames), tone(0.5))


def test_after_a_stall_of_the_clock_what_sounds_is_not_told_late() -> None:
    speaker = Speaker(lead_secs=0.3)
    say(speaker, 2.0)
    speaker.take(0.0)
    speaker.take(1.0)  # 0.3 s had left, and sounded long ago
    frame = speaker.sounding()
    assert frame is not None
    assert frame[0] == tone(2.0)[round(0.3 * SPEAKING_RATE)]


@pytest.mark.parametrize(("lead", "unit"), [(0.0, "frame"), (0.3, "frame"), (0.3, "clause")])
@pytest.mark.parametrize("late", [False, True], ids=["before the clause", "while its audio is made"])
def test_a_lead_in_sounds_before_the_answer_and_is_no_part_of_what_was_heard_of_it(
    lead: float, unit: Unit, late: bool
) -> None:
    speaker = Speaker(lead, unit)
    speaker.begin(3)
    if not late:
        speaker.lead_in(tone(0.4))
    speaker.open_clause("alpha beta gamma delta")
    if late:
        speaker.lead_in(tone(0.4))
    speaker.push(tone(0.5))
    speaker.close_clause()
    speaker.finish()
    left = run(speaker, 0.0, 0.4)
    assert np.array_equal(np.concatenate([c.pcm for _, c in left if c.clause == LEAD_IN]), tone(0.4))
    heard = speaker.heard(0.4)
    assert (heard.text, heard.seconds) == ("", 0.0)
    left += run(speaker, 0.4, 0.6)
    assert [chunk.clause for _, chunk in left] == sorted(chunk.clause for _, chunk in left)
    assert speaker.heard(1.0) == Heard("alpha beta gamma delta", "", 0.5)


def test_a_lead_in_that_is_cut_leaves_nothing_heard() -> None:
    speaker = Speaker(lead_secs=0.3)
    speaker.begin(0)
    speaker.lead_in(tone(0.4))
    speaker.open_clause("alpha")
    run(speaker, 0.0, 0.2)
    heard = speaker.cut(0.2)
    assert (heard.text, heard.unheard, heard.seconds) == ("", "alpha", 0.0)
    assert run(speaker, 0.2, 0.4) == []
