"""Settings from the environment: what is taken, and what is said about a wrong value."""

from __future__ import annotations

import pytest

from parley_dataplane.settings import BadSetting, Settings


@pytest.mark.parametrize(
    ("environ", "settings"),
    [
        ({}, Settings("info", None)),
        ({"LOG_LEVEL": "", "BENCH_TONE_SECS": ""}, Settings("info", None)),
        ({"LOG_LEVEL": "DEBUG", "BENCH_TONE_SECS": "15"}, Settings("debug", 15.0)),
        ({"HOME": "/root"}, Settings()),
    ],
)
def test_settings_are_read_from_the_environment(environ: dict[str, str], settings: Settings) -> None:
    assert Settings.from_environ(environ) == settings


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud': write one of debug, info, warning, error"),
        ({"BENCH_TONE_SECS": "long"}, "BENCH_TONE_SECS='long': write seconds from 0.02 to 600, such as 3.0"),
        ({"BENCH_TONE_SECS": "nan"}, "BENCH_TONE_SECS='nan': write seconds from 0.02 to 600, such as 3.0"),
        ({"BENCH_TONE_SECS": "-1"}, "BENCH_TONE_SECS='-1': write seconds from 0.02 to 600, such as 3.0"),
        ({"BENCH_TONE_SECS": "1e9"}, "BENCH_TONE_SECS='1e9': write seconds from 0.02 to 600, such as 3.0"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(environ: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting) as wrong:
        Settings.from_environ(environ)
    assert str(wrong.value) == said
