"""The operator's environment: read once, bounded, and what is wrong says what to write."""

from __future__ import annotations

from dataclasses import fields

import pytest

from parley_operator.settings import LOG_LEVELS, VARIABLES, BadSetting, Settings, read


def test_nothing_set_is_the_defaults_under_this_machines_name() -> None:
    chosen = read({})
    assert chosen.identity
    assert chosen == Settings(identity=chosen.identity)


def test_every_setting_has_a_variable_and_every_variable_a_setting() -> None:
    assert [variable.field for variable in VARIABLES] == [field.name for field in fields(Settings)]
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


def test_every_default_is_within_its_bounds() -> None:
    for variable in VARIABLES:
        default = getattr(Settings(), variable.field)
        if not isinstance(default, str):
            assert variable.low <= default <= variable.high, variable.name


def test_what_is_set_counts_and_what_is_empty_is_not_set() -> None:
    chosen = read(
        {"WORKERS": " 3 ", "POLL_SECONDS": "2.5", "DATAPLANE_IMAGE": "registry/parley:2", "LEASE_NAME": ""}
    )
    assert (chosen.workers, chosen.poll_seconds) == (3, 2.5)
    assert (chosen.dataplane_image, chosen.lease_name) == ("registry/parley:2", "parley-operator")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("WORKERS", "0", "WORKERS='0': write a whole number from 1 to 64"),
        ("WORKERS", "2.5", "WORKERS='2.5': write a whole number from 1 to 64"),
        ("RESYNC_SECONDS", "soon", "RESYNC_SECONDS='soon': write a number from 10 to 86400"),
        ("POLL_SECONDS", "nan", "POLL_SECONDS='nan': write a number from 1 to 3600"),
        ("LOG_LEVEL", "loud", f"LOG_LEVEL='loud': write one of {', '.join(LOG_LEVELS)}"),
        ("HOST_PORT_FIRST", "32000", "HOST_PORT_FIRST=32000 is over HOST_PORT_LAST=20999: write a first"),
    ],
)
def test_a_wrong_value_says_what_to_write(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read({name: text})
    assert str(caught.value).startswith(sentence)


def test_a_holder_stops_writing_before_another_may_begin() -> None:
    for seconds in (3.0, 10.0, 600.0):
        chosen = Settings(lease_seconds=seconds)
        assert 2 * chosen.renew_seconds < chosen.renew_deadline_seconds < chosen.lease_seconds
