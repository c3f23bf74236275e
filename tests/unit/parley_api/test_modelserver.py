"""A model server's options of vLLM: each field has its own, and none of them is written a second time."""

from __future__ import annotations

import re

import pytest

from parley_api.model_engines import Vllm
from parley_api.modelserver import ModelServerSpec
from parley_api.modelserver_rules import mistakes
from parley_api.vllm_options import OPTIONS, OPTIONS_ARE_OURS, TAKEN


def test_every_field_of_vllm_has_its_option_and_no_other_has() -> None:
    assert set(OPTIONS) == set(Vllm.model_fields) - {"arguments"}
    assert len(TAKEN) == len(set(TAKEN))


@pytest.mark.parametrize("option", TAKEN)
def test_an_option_that_has_a_field_or_is_ours_is_refused_under_arguments(option: str) -> None:
    spec = {"engine": {"vllm": {"model": "org/model", "arguments": [f"{option}=1"]}}, "gpus": {"count": 1}}
    (found,) = mistakes({"spec": spec})
    assert found.instead == OPTIONS_ARE_OURS.message
    pattern = re.search(r"r'(.*)'", OPTIONS_ARE_OURS.cel)
    assert pattern is not None
    assert re.search(pattern[1], f"{option}=1")
    assert re.search(pattern[1], option)


@pytest.mark.parametrize("option", ["--model-impl=auto", "--max-num-batched-tokens=8192", "--portal"])
def test_an_option_that_only_begins_like_one_is_taken(option: str) -> None:
    spec = {"engine": {"vllm": {"model": "org/model", "arguments": [option]}}, "gpus": {"count": 1}}
    assert list(mistakes({"spec": spec})) == []


def test_the_least_model_server_is_guaranteed_and_lets_its_answers_end() -> None:
    spec = ModelServerSpec.model_validate({"engine": {"piper": {"voice": "en_US-lessac-medium"}}})
    assert spec.gpus is None
    assert (spec.placement.resources.cpu, spec.placement.resources.memory) == ("4", "16Gi")
    assert spec.cache.chosen == "emptyDir"
    assert (spec.replicas, spec.deletion, spec.drain_seconds) == (1, "Drain", 120)
