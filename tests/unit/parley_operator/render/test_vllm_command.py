"""vLLM's command line against vLLM's own list of options (tests/vllm/options.txt, which `vllm serve` made)."""

from __future__ import annotations

from collections.abc import Iterable

from parley_api.model_engines import Vllm
from parley_api.modelserver import ModelServer
from parley_api.vllm_options import CACHE_BYTES, OPTIONS, OWN, TAKEN
from parley_operator.render.model_subject import ModelSubject
from parley_operator.render.vllm_command import arguments
from parley_operator.settings import Settings
from tests.server import ROOT
from tests.small_model_cluster import model_server
from tests.unit.parley_operator.golden.__main__ import MODEL_SERVERS

LISTED = (ROOT / "tests/vllm/options.txt").read_text().splitlines()
VERSION, OF_VLLM = LISTED[0], set(LISTED[1:])


def unknown(options: Iterable[str]) -> set[str]:
    """To vLLM."""
    return {option.partition("=")[0] for option in options if option.startswith("--")} - OF_VLLM


def rendered(also: tuple[str, ...] = (), **spec: object) -> list[str]:
    value = model_server(**spec)
    value["metadata"] = {"name": "llm", "namespace": "models"}
    return arguments(ModelSubject(ModelServer.model_validate(value), "models", "uid", also))


def test_the_list_is_of_the_version_that_model_servers_run() -> None:
    assert f"# vLLM {Settings().vllm_image.partition(':v')[2]}" == VERSION


def test_every_option_that_can_be_rendered_is_one_of_vllms() -> None:
    assert (
        unknown([*TAKEN, *OWN, CACHE_BYTES, *(one for options in OPTIONS.values() for one in options)])
        == set()
    )


def test_with_all_fields_set_every_option_is_one_of_vllms_and_each_field_has_its_own() -> None:
    spec = MODEL_SERVERS.manifest("everything")["spec"]
    fields = Vllm.model_validate(spec["engine"]["vllm"])
    assert fields.model_fields_set == set(Vllm.model_fields), "the golden file sets all of them"
    found = rendered(engine=spec["engine"], gpus=spec["gpus"])
    assert unknown(found) == set()
    named = {option.partition("=")[0] for option in found}
    for field, options in OPTIONS.items():
        assert field == "model" or named & set(options), field
    assert set(OPTIONS) == set(Vllm.model_fields) - {"arguments"}


def test_a_wrong_option_in_the_table_would_be_found() -> None:
    assert unknown(["--max-model-length=9", "--port=8000"]) == {"--max-model-length"}


def test_a_field_that_is_as_vllm_has_it_is_left_out() -> None:
    assert rendered() == ["org/small", "--host=0.0.0.0", "--port=8000", "--shutdown-timeout=120"]


def test_the_name_of_before_is_served_beside_the_new_one_which_comes_first() -> None:
    found = rendered(also=("org/older", "org/oldest"))
    at = found.index("--served-model-name")
    assert found[at + 1 : at + 4] == ["org/small", "org/older", "org/oldest"]
    assert found[at + 4 : at + 5] == [] or found[at + 4].startswith("--")


def test_what_the_author_says_of_the_cache_is_not_said_twice() -> None:
    engine = {"vllm": {"model": "org/small", "arguments": [f"{CACHE_BYTES}=1G"]}}
    found = rendered(engine=engine, gpus={"count": 0})
    assert [one for one in found if one.startswith(CACHE_BYTES)] == [f"{CACHE_BYTES}=1G"]
