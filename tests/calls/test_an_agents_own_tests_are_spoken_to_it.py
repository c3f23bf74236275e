"""`parley test` asks by voice, over a real call, and its exit code is the verdict."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata:
  name: garage
spec:
  conversation:
    instructions: You answer the telephone of a garage.
    fallback: I do not know that.
    intents:
      - name: opening-hours
        phrases: [when are you open, what are your opening hours, which hours are you open]
        answer: We are open from eight to six.
      - name: parking
        phrases: [where can I park my car, is there a parking lot]
        answer: You can park behind the house.
  tests:
    - say: what are your opening hours
      intent: opening-hours
    - say: is there a parking lot
      intent: INTENT
"""


def parley_test(folder: Path, intent: str, *options: str) -> subprocess.CompletedProcess[str]:
    file = folder / "garage.yaml"
    file.write_text(AGENT.replace("INTENT", intent))
    command = [sys.executable, "-m", "parley_cli", "test", str(file), "--quiet", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_questions_that_are_understood_pass(tmp_path: Path) -> None:
    done = parley_test(tmp_path, "parking", "--voices", "gmw/en-GB-x-rp+m3", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["right"] == 100
    hours, lot = (one["heard"] for one in told["asked"])
    assert hours == "What are your opening hours?"
    assert "parking lot" in lot


def test_an_answer_that_is_not_wanted_fails_and_is_shown(tmp_path: Path) -> None:
    done = parley_test(tmp_path, "opening-hours", "--voices", "gmw/en-GB-x-rp+m3")
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r'heard ".*parking lot.*", said "You can park behind the house."', done.stdout)
    assert done.stdout.endswith("garage: 2 asked, right 50 %, wrong 50 %\n")


def test_a_voice_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = parley_test(tmp_path, "parking", "--voices", "gmw/en-nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("garage can't be tested: ")
    assert "en-nowhere" in done.stderr
