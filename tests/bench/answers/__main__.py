"""`python -m tests.bench.answers`: the examples are asked by voice, and what they say is counted; 1 under a floor.

Each question is a call of its own over `/ws`, at the pace of speech, by three eSpeak voices that no example speaks
with, in a quiet room and in noise 15 dB under the voice. An example that was asked before, for this commit with these
options, is not asked again. Raw samples, with what was heard, lie under bench-results/.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict

from parley_api import load
from parley_cli.config import read_settings
from parley_cli.spoken_tests import Rehearsal
from parley_cli.spoken_tests.caller import ask_all
from tests.bench import machine
from tests.bench.answers import table
from tests.bench.answers.questions import EXAMPLES, posed, read_set, sets
from tests.bench.results import Results, code_of
from tests.server import ROOT

VOICES = ("gmw/en-US+f3", "gmw/en-GB-x-rp+m3", "gmw/en-GB-scotland+m7")
SNR_DB = 15.0
PUBLISHED = "second"
"""The set whose figures are published: written last, and by someone who saw neither code nor the first set."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("--set", choices=sets(), default=PUBLISHED, help=f"of questions ({PUBLISHED})")
    parser.add_argument("--examples", nargs="*", choices=EXAMPLES, default=EXAMPLES, metavar="NAME")
    parser.add_argument("--at-once", type=int, default=6, metavar="N", help="calls at a time (6)")
    parser.add_argument("--seed", type=int, default=6, help="of the phrasings that are chosen (6)")
    parser.add_argument("--failed", action="store_true", help="print each question that was not right")
    parser.add_argument("--fresh", action="store_true", help="ask again what was asked before")
    options = parser.parse_args()
    code = code_of(ROOT)
    facts = {
        **machine.facts(("moonshine-voice", "espeakng-loader")),
        "commit": code.name,
        "seed": options.seed,
    }
    same = {"set": options.set, "seed": options.seed, "at_once": options.at_once}
    results = Results(ROOT / "bench-results", f"answers-{options.set}", code, same)
    for name, value in {**facts, **same, "raw samples": results.folder.relative_to(ROOT)}.items():
        print(f"{name}: {value}", flush=True)

    everything: list[table.Sample] = []
    for example in options.examples:
        kept = None if options.fresh else results.kept(example)
        samples = kept[1] if kept else asyncio.run(_asked(example, options))
        if kept is None:
            results.keep(example, facts, samples)
        print(f"\n## {example}", *table.table(samples), sep="\n", flush=True)
        if options.failed:
            print(*table.failed(samples), sep="\n", flush=True)
        everything += samples
    print(f"\n{len(everything)} calls. {table.summary(everything)}")
    return int(table.is_under_a_floor(everything))


async def _asked(example: str, options: argparse.Namespace) -> list[table.Sample]:
    file = ROOT / "examples" / f"{example}.yaml"
    agent = load(str(file))
    part_of = {one.question: one.part for one in posed(agent, read_set(options.set)[example], options.seed)}
    rehearsal = Rehearsal(VOICES, SNR_DB, options.at_once, 0.0)
    asked = await ask_all(agent, file.parent, list(part_of), rehearsal, read_settings("error"))
    return [
        {
            "example": example,
            "part": part_of[one.question],
            **asdict(one.question),
            "voice": one.voice,
            "noisy": one.noisy,
            "heard": one.heard,
            "said": one.said,
            "verdict": one.verdict.value,
        }
        for one in asked
    ]


if __name__ == "__main__":
    sys.exit(main())
