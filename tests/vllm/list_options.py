"""Prints every option of `vllm serve`, one a line, from vLLM's own parser. Runs in vLLM's environment:

FOLDER/bin/python tests/vllm/list_options.py > tests/vllm/options.txt
"""

from __future__ import annotations

from vllm import __version__
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser


def main() -> None:
    parser = make_arg_parser(FlexibleArgumentParser())
    options = {text for action in parser._actions for text in action.option_strings if text.startswith("--")}
    print(f"# vLLM {__version__}")
    print("\n".join(sorted(options)))


if __name__ == "__main__":
    main()
