"""Fuzzers of everything that reads what strangers send, and the inputs kept from them.

    bytes -> choices -> target's entry -> the parser and what stands behind it -> invariants

`targets.py` is the table of them. `test_corpus_replays.py` replays `corpus/TARGET/`; `python -m tests.fuzz` looks for
more, guided by coverage, where atheris has a wheel (Linux on x86-64).
"""
