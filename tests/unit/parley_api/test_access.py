"""spec.access: which origins a file may list, and what is said of an entry that no browser would ever send."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from parley_api import InvalidFile, load
from parley_api.access import Access

SPEC = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: Be kind.}
  access: {origins: [%s]}
"""


def origins(folder: Path, listed: str) -> list[str]:
    file = folder / "agent.yaml"
    file.write_text(SPEC % listed)
    return load(file).spec.access.origins


def test_a_file_that_lists_none_lets_in_the_page_that_is_developed_on_this_machine() -> None:
    assert Access().origins == ["http://localhost:3000"]


def test_the_page_of_the_doors_says_the_default() -> None:
    (shown,) = re.findall(
        r"^    access:\n      origins: .*$", Path("docs/doors.md").read_text(), re.MULTILINE
    )
    assert Access.model_validate(yaml.safe_load(shown)["access"]) == Access()


@pytest.mark.parametrize(
    "origin",
    [
        *("https://www.example.com", "http://localhost:3000", "http://127.0.0.1:65535", "https://[::1]:8443"),
        *("capacitor://localhost", "chrome-extension://abcdefghijklmnop", "https://my_host.example", "*"),
    ],
)
def test_an_origin_as_browsers_send_it_may_be_listed(origin: str, tmp_path: Path) -> None:
    assert origins(tmp_path, f'"{origin}"') == [origin]


def test_no_origin_at_all_may_be_listed(tmp_path: Path) -> None:
    assert origins(tmp_path, "") == []


@pytest.mark.parametrize(
    "entry",
    [
        *("www.example.com", "https://www.example.com/", "https://www.example.com/talk", "https://", "null"),
        *(
            "https://*.example.com",
            "https://me:secret@example.com",
            "https://example.com:0",
            "HTTPS://a.example",
        ),
        *(
            "http://localhost:65536",
            "http://localhost:",
            "https://example.com?x",
            "https://a.example b",
            "**",
        ),
    ],
)
def test_what_is_no_origin_is_told_with_what_to_write(entry: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as invalid:
        origins(tmp_path, f'"http://localhost:3000", "{entry}"')
    assert str(invalid.value).partition(":6: ")[2] == (
        f'spec.access.origins[1]: saw "{entry}"; write scheme://host or scheme://host:port, without a path and'
        ' without / at the end, such as https://www.example.com; or "*" for any'
    )


def test_more_origins_than_anyone_reads_are_told_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="saw a list of 65; write a list of 0 to 64"):
        origins(tmp_path, ", ".join(f"https://p{number}.example" for number in range(65)))
