"""What is compiled and kept in the repository was made from the source beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[3]
WEB = ROOT / "dataplane/parley_dataplane/web"
SUMS = dict(reversed(line.split()) for line in (WEB / "silero.sha256").read_text().splitlines())


def test_the_program_is_the_one_that_the_source_made() -> None:
    """`make wasm` writes all three files; it needs a compiler that no test installs."""
    assert set(SUMS) == {"silero.c", "silero.wasm"}
    for name, digest in SUMS.items():
        assert hashlib.sha256((WEB / name).read_bytes()).hexdigest() == digest, f"{name}: run `make wasm`"


def test_every_compiled_file_has_its_sum() -> None:
    assert {path.name for path in ROOT.glob("dataplane/**/*.wasm")} <= set(SUMS)


def test_the_program_is_small_and_asks_for_one_function() -> None:
    program = (WEB / "silero.wasm").read_bytes()
    assert program.startswith(b"\0asm\1\0\0\0")
    assert len(program) < 20_000
