"""Makes docs/turns.md from the turn's own table, so that the picture is never another than the code.

`python docs/make_turns.py` writes it; with --check it only says whether it would change, by its exit code.
"""

import sys
from pathlib import Path

from parley_dataplane.turns import REFUSED, TRANSITIONS, Effect, Happened

PAGE = Path(__file__).with_name("turns.md")
HEAD = """\
# The turn

Made by `make generate` from `dataplane/parley_dataplane/turns.py`: change that table, not this page.

"""


def words(member: Effect | Happened) -> str:
    return member.name.lower().replace("_", " ")


def diagram() -> list[str]:
    """Every row that leads to another state; rows that stay are in the table below it."""
    arrows = [
        f"    {state.value} --> {after.value}: {words(event)}"
        for state, row in TRANSITIONS.items()
        for event, (after, _) in row.items()
        if after is not state
    ]
    return ["```mermaid", "stateDiagram-v2", "    [*] --> idle", *arrows, "```"]


def table() -> list[str]:
    rows = [
        f"| {state.value} | {words(event)} | {after.value} | {', '.join(map(words, effects))} |"
        for state, row in TRANSITIONS.items()
        for event, (after, effects) in row.items()
    ]
    return ["| state | what happens | next | what the session does |", "|---|---|---|---|", *rows]


def vocabulary(members: type[Effect] | type[Happened], title: str) -> list[str]:
    return [
        f"| {title} | means |",
        "|---|---|",
        *(f"| {words(member)} | {member.value} |" for member in members),
    ]


def refusals() -> list[str]:
    rows = [f"| {state.value} | {words(event)} | {why} |" for (state, event), why in REFUSED.items()]
    return ["| state | cannot happen | because |", "|---|---|---|", *rows]


def page() -> str:
    blocks = [
        diagram(),
        table(),
        vocabulary(Happened, "what happens"),
        vocabulary(Effect, "what the session does"),
        ["What the table lacks changes nothing, is counted and logged, and the call goes on:"],
        refusals(),
    ]
    return HEAD + "\n\n".join("\n".join(block) for block in blocks) + "\n"


def main(arguments: list[str]) -> str | None:
    """Return what is wrong, if anything is."""
    if arguments != ["--check"]:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        return f"{PAGE.name} is not what the table says: run make generate"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
