"""Fuzzers of everything that reads what strangers send, and the inputs kept from them.

    bytes -> choices -> target's entry -> the parser and what stands behind it -> invariants
    /openapi.json -> requests, message types -> sequences -> a real server -> answers -> siege: what holds then

`targets.py` is the table of the first kind, `live.py` of the second. `test_corpus_replays.py` replays `corpus/TARGET/`;
`python -m tests.fuzz` looks for more, guided by coverage, where atheris has a wheel (Linux on x86-64).
"""
