"""What all have in common that are served by a Deployment, whatever their kind: what the objects around it ask.

A VoiceAgent is one (subject.py), and a ModelServer (model_subject.py).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

from parley_operator.render.owner import Object

HTTP = "http"
"""Name of the port at which pods answer, metrics too."""


class Scaling(NamedTuple):
    """More pods while there is more work: `metric` of each, by the custom metrics of the cluster, or the sum of it over
    all, by `query` at KEDA's Prometheus; `target` of it for each pod. `keda` is "" without KEDA.
    """

    least: int
    most: int
    metric: str
    target: int
    query: str
    keda: str = ""


class Served(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...

    @property
    def child(self) -> str:
        """The name of what it becomes."""

    @property
    def selector(self) -> dict[str, str]:
        """Labels of its pods, which never change."""

    @property
    def image(self) -> str: ...

    @property
    def pinned(self) -> str:
        """The image that its author wrote, or ""."""

    @property
    def replicas(self) -> int:
        """That its author wrote: with an autoscaler the least."""

    @property
    def scaling(self) -> Scaling | None:
        """None: nobody else has the say over the replicas."""

    @property
    def progress_seconds(self) -> int:
        """Without a new pod ready for so long, a rollout says that it is stuck."""

    @property
    def annotations(self) -> dict[str, str]:
        """Of the Deployment: what the plan wants to know again."""

    def metadata(self, name: str | None = None, annotations: dict[str, str] | None = None) -> Object: ...

    def having(self, image: str, annotations: dict[str, str]) -> Self: ...
