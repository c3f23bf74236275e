"""Which commands the contract tests find on a page."""

from __future__ import annotations

import pytest

from tests.contract import pages
from tests.contract.pages import blocks


def test_a_page_gives_its_sh_blocks_in_order_with_their_lines(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "docs").mkdir()
    (root / "docs/a.md").write_text(
        "# A\n\n```sh\none\ntwo\n```\n\n```yaml\nno: no\n```\n\n```sh\nthree\n```\n"
    )
    monkeypatch.setattr(pages, "ROOT", root)
    assert [(str(block), block.text) for block in blocks("a.md")] == [
        ("docs/a.md:3", "one\ntwo\n"),
        ("docs/a.md:12", "three\n"),
    ]


@pytest.mark.parametrize("page", ["install.md", "upgrade.md", "uninstall.md"])
def test_every_page_has_commands(page: str) -> None:
    assert len(list(blocks(page))) >= 3
