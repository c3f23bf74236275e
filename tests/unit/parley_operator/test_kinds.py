"""What the caches keep of a pod: enough to say why it does not run, and nothing that is otherwise at each try."""

from __future__ import annotations

from typing import Any

import pytest

from parley_operator import kinds


def failing(*containers: dict[str, Any]) -> Any:
    pod = {"metadata": {"name": "p"}, "status": {"containerStatuses": list(containers)}}
    return kinds.pod(pod)["status"]["failing"]


def waiting(reason: str, **more: Any) -> dict[str, Any]:
    return {"image": "parley:1", "state": {"waiting": {"reason": reason, "message": "back-off 40s"}}, **more}


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (waiting("ErrImagePull"), "parley:1 can't be pulled"),
        (waiting("ImagePullBackOff"), "parley:1 can't be pulled"),
        (
            waiting("CrashLoopBackOff", lastState={"terminated": {"exitCode": 2}}),
            "CrashLoopBackOff, exit code 2",
        ),
        (waiting("CreateContainerConfigError"), "CreateContainerConfigError"),
        (waiting("ContainerCreating"), ""),
        ({"image": "parley:1", "state": {"running": {}}}, ""),
    ],
)
def test_why_a_container_does_not_run(container: dict[str, Any], why: str) -> None:
    assert failing(container) == why


def test_the_first_that_fails_is_told() -> None:
    running = {"image": "mesh:1", "state": {"running": {}}}
    assert failing(running, waiting("ErrImagePull")) == "parley:1 can't be pulled"
