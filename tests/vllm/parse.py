"""Reads a command line as `vllm serve` would, and starts nothing: `parse.py OPTIONS...`, in vLLM's environment."""

from __future__ import annotations

import sys

from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

if __name__ == "__main__":
    found = make_arg_parser(FlexibleArgumentParser()).parse_args(sys.argv[1:])
    print(found.model_tag)
