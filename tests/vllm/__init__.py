"""vLLM itself, without a GPU: the list of its options, and a ModelServer's own command line started as a process.

`make test-vllm` installs it beside the checkout (install.sh; 6 GB) and runs what is here. `make test` does not.
"""
