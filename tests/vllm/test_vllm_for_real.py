"""A ModelServer's own Deployment, started as a process: vLLM loads its model, answers, and ends as its pod would.

The command line, the environment, the probes and the time to end are those of the rendered object; the model is made on
the spot. Runs where vLLM is installed (PARLEY_VLLM names its environment): make test-vllm.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parley_operator.model_status import QUESTION, read
from parley_operator.plan.model import ObservedModelServer
from parley_operator.plan.modelserver import plan
from parley_operator.render.model_subject import PORT, RUNNING, WAITING
from parley_operator.settings import Settings
from tests.server import ROOT
from tests.small_cluster import NOW, only
from tests.small_model_cluster import model_server
from tests.unit.parley_operator.golden.__main__ import MODEL_SERVERS
from tests.vllm.pod_process import expanded, started

VLLM = Path(os.environ.get("PARLEY_VLLM", "~/.cache/parley/vllm")).expanduser()
HERE = Path(__file__).parent
DRAIN_SECONDS = 60
LONG_ANSWER = 3_000
"""Tokens: it takes seconds, so that the end comes in the middle of it."""

pytestmark = pytest.mark.skipif(
    not (VLLM / "bin/vllm").exists(), reason=f"vLLM is not installed in {VLLM}: make test-vllm installs it"
)


def in_its_environment(*arguments: str) -> subprocess.CompletedProcess[str]:
    quiet = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "VLLM_NO_USAGE_STATS": "1"}
    return subprocess.run(
        [str(VLLM / "bin/python"), *arguments],
        capture_output=True,
        text=True,
        env=quiet,
        cwd=ROOT,
        check=False,
    )


@dataclass
class Pod:
    """The one container of a ModelServer's Deployment, and what is seen of its process."""

    spec: dict[str, Any]
    process: subprocess.Popen[bytes]
    log: Path
    seconds_to_load: float = 0.0

    @property
    def container(self) -> dict[str, Any]:
        [found] = self.spec["containers"]
        return dict(found)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
            content: bytes = answer.read()
            return content

    def probe(self, name: str) -> bool:
        probe = self.container[name]
        try:
            self.get(probe["httpGet"]["path"])
            return True
        except (urllib.error.URLError, OSError):
            return False

    def chat(self, *, stream: bool = False, **more: Any) -> Any:
        body = {"model": "tiny", "messages": [{"role": "user", "content": "When do you open?"}], **more}
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/v1/chat/completions",
            json.dumps({**body, "stream": stream}).encode(),
            {"Content-Type": "application/json"},
        )
        return urllib.request.urlopen(request, timeout=DRAIN_SECONDS)


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    folder = tmp_path_factory.mktemp("pod")
    model = folder / "models/tiny"
    made = in_its_environment(str(HERE / "tiny_model.py"), str(model))
    assert made.returncode == 0, made.stderr
    server = model_server(
        engine={
            "vllm": {
                "model": str(model),
                "servedName": "tiny",
                "maxModelLen": 4_096,
                "loadFormat": "dummy",
                "enforceEager": True,
            }
        },
        gpus={"count": 0},
        drainSeconds=DRAIN_SECONDS,
        placement={"resources": {"cpu": "2", "memory": "4Gi"}},
    )
    observed = ObservedModelServer(may_roll=False)
    made_of_it = plan(server, observed, Settings(vllm_cpu_image="example.com/vllm-cpu:1"), NOW)
    spec = only(made_of_it.objects, "Deployment")["spec"]["template"]["spec"]
    log = folder / "vllm.log"
    with started(spec["containers"][0], folder, VLLM / "bin", log) as process:
        pod = Pod(spec, process, log)
        begun = time.monotonic()
        probe = pod.container["startupProbe"]
        while not pod.probe("startupProbe"):
            assert process.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() - begun < probe["failureThreshold"] * probe["periodSeconds"]
            time.sleep(0.25)
        pod.seconds_to_load = time.monotonic() - begun
        print(f"\nthe model was loaded in {pod.seconds_to_load:.1f} s")
        yield pod


@pytest.mark.parametrize("name", MODEL_SERVERS.names)
def test_vllms_own_parser_takes_every_command_line_that_is_rendered(name: str) -> None:
    [container] = only(MODEL_SERVERS.objects(name), "Deployment")["spec"]["template"]["spec"]["containers"]
    arguments = [expanded(one, {}) for one in container["args"]]
    ran = in_its_environment(str(HERE / "parse.py"), *arguments)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split()[-1] == arguments[0]


def test_vllms_own_parser_refuses_a_wrong_option() -> None:
    ran = in_its_environment(str(HERE / "parse.py"), "org/model", "--max-model-length-of-all=9")
    assert ran.returncode == 2
    assert "unrecognized arguments: --max-model-length-of-all=9" in ran.stderr


def test_the_list_of_options_is_that_of_this_vllm() -> None:
    ran = in_its_environment(str(HERE / "list_options.py"))
    assert ran.stdout == (HERE / "options.txt").read_text()


def test_once_its_model_is_loaded_all_probes_answer(pod: Pod) -> None:
    assert [pod.probe(name) for name in ("startupProbe", "readinessProbe", "livenessProbe")] == [True] * 3


def test_it_says_what_it_serves_as_the_operator_asks(pod: Pod) -> None:
    assert QUESTION.port == PORT
    assert read(pod.get(QUESTION.path)).names == ("tiny",)


def test_it_answers_a_chat(pod: Pod) -> None:
    begun = time.monotonic()
    with pod.chat(max_tokens=16, temperature=1.0, seed=1, ignore_eos=True) as answer:
        said = json.load(answer)
    assert said["usage"]["completion_tokens"] == 16
    assert said["choices"][0]["message"]["content"]
    print(f"\n16 tokens in {1000 * (time.monotonic() - begun):.0f} ms")


def test_its_metrics_have_what_an_autoscaler_goes_by(pod: Pod) -> None:
    metrics = pod.get("/metrics").decode()
    for gauge in (RUNNING, WAITING):
        assert f"\n{gauge}{{" in metrics


def test_told_to_end_it_finishes_the_answer_that_it_is_at_and_ends_in_its_time(pod: Pod) -> None:
    """The last test: it ends the process."""
    tokens, first = 0, threading.Event()
    finish = ""

    def ask() -> None:
        nonlocal tokens, finish
        with pod.chat(stream=True, max_tokens=LONG_ANSWER, ignore_eos=True) as answer:
            for line in answer:
                if not line.startswith(b"data: {"):
                    continue
                [choice] = json.loads(line[6:])["choices"] or [{}]
                tokens += 1
                finish = choice.get("finish_reason") or finish
                if tokens == 10:
                    first.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert first.wait(30)
    so_far = tokens
    begun = time.monotonic()
    os.kill(pod.process.pid, signal.SIGTERM)
    asking.join(DRAIN_SECONDS)
    answered = time.monotonic() - begun
    code = pod.process.wait(pod.spec["terminationGracePeriodSeconds"])
    ended = time.monotonic() - begun
    print(
        f"\nSIGTERM after {so_far} of {LONG_ANSWER} tokens: the answer was whole {answered:.1f} s later, the process"
        f" ended {ended - answered:.1f} s after that, with {code}"
    )
    assert (finish, code) == ("length", 0), pod.log.read_text(errors="replace")[-3000:]
    assert so_far < LONG_ANSWER / 2, "it was to be in the middle of it"
    assert ended < pod.spec["terminationGracePeriodSeconds"]
