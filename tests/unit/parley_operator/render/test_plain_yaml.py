"""YAML that no library's version changes: any value comes back as it was, by PyYAML and by our own reader."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parley_api.document import documents
from parley_operator.render import plain_yaml

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
maps = st.dictionaries(texts, values, max_size=5)


@given(maps)
def test_whatever_is_written_is_read_back_by_any_reader(value: dict[str, Any]) -> None:
    text = plain_yaml.text(value) or "{}"
    assert yaml.safe_load(text) == value
    [document] = documents(text) or [None]
    if document is not None and value:
        assert document.problems == []
        assert document.value == value


@given(maps, st.randoms(use_true_random=False))
def test_the_order_of_a_map_changes_no_byte(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert plain_yaml.text(dict(items)) == plain_yaml.text(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": {}}, "a: {}\nb: 1\n"),
        ({"on": "yes", "n": ["12:30", "0x1f"]}, '"n":\n  - "12:30"\n  - "0x1f"\n"on": "yes"\n'),
        ({"a": [{"b": 1, "c": [2]}, []]}, "a:\n  - b: 1\n    c:\n      - 2\n  - []\n"),
        ({"a": 1e-07, "b": 0.5}, "a: 1.0e-07\nb: 0.5\n"),
        ({"a": "line\nnext\u2028\x85\u00a0é😀"}, 'a: "line\\nnext\\u2028\\u0085\\u00a0é😀"\n'),
    ],
    ids=[
        "keys are sorted",
        "no text is taken for something else",
        "maps in lists",
        "small numbers",
        "no line ends",
    ],
)
def test_it_is_written_like_this(value: dict[str, Any], text: str) -> None:
    assert plain_yaml.text(value) == text
