"""Which pod template an agent's Deployment gets: what its author changed rolls at once, what the operator's own upgrade
changes waits for its turn.

The Deployment remembers, in annotations, a digest of the template as it was rendered and what its author had written by
then. From that:

    rendered anew, the template is the same           it is applied: nothing rolls, and what somebody edited heals
    the author changed something of it                it rolls at once, with the image that the agent has
    only the operator renders otherwise (its image,   `rolls`: it waits for `may_roll`, and what runs stays as it is
    or its code) and
      the spec pins an image                          nothing rolls until its author changes something

Rules: an agent without a Deployment has nothing that could be cut, and one whose pods could not start again as they are
(the ConfigMap that they name is gone) does not wait.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from parley_operator import names
from parley_operator.plan.agent import ObservedAgent
from parley_operator.plan.plan import Object, Ref
from parley_operator.render.agent_file import written
from parley_operator.render.pod import pod_template
from parley_operator.render.subject import Subject

OF_NO_POD = ("replicas", "autoscaling", "service", "deletion")
"""Fields of the spec that change no pod template."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """`subject` has the image, and the annotations of the Deployment, that go with `template`."""

    subject: Subject
    template: Object
    rolls: bool
    why: str

    @property
    def image(self) -> str:
        image: str = self.template["spec"]["containers"][0]["image"]
        return image

    @property
    def digest(self) -> str:
        """Of the agent's file that these pods run."""
        digest: str = self.template["metadata"]["annotations"].get(names.AGENT_DIGEST, "")
        return digest

    @property
    def recorded(self) -> str:
        """The digest of the template as it was rendered."""
        return self.subject.annotations[names.TEMPLATE]

    @property
    def renews_file(self) -> bool:
        """Whether these pods want the file as it is rendered now."""
        return self.digest == self.subject.file.digest


@dataclass(frozen=True, slots=True)
class _Written:
    """What the author wrote behind a template. A generation alone would make a scaled agent a changed one, a digest of
    the spec alone one whose defaults a new operator reads otherwise.
    """

    generation: str = ""
    spec: str = ""
    around: str = ""
    """What is not in the spec: its knowledge, and the port of the nodes that it has."""

    @classmethod
    def of(cls, text: str) -> _Written:
        parts = text.split("/")
        return cls(*parts) if len(parts) == 3 else cls()

    def __str__(self) -> str:
        return f"{self.generation}/{self.spec}/{self.around}"

    def same_as(self, other: _Written) -> bool:
        spec = self.generation == other.generation or self.spec == other.spec
        return spec and self.around == other.around


def rollout(
    subject: Subject, generation: int, status_image: str, default_image: str, observed: ObservedAgent
) -> Rollout:
    """`subject.image` is not read: it is decided here."""
    pinned = subject.spec.pods.image
    live = observed.children.get(Ref("Deployment", subject.namespace, subject.child))
    has = pinned or status_image or _image(live) or default_image
    wants = pinned or default_image
    around = _digest([subject.knowledge, subject.host_port])
    mine = _Written(str(generation), _digest(_of_pods(subject)), around)
    if live is None:
        return _take(subject, has, mine, rolls=has != wants, why="there is no Deployment yet")
    before = _Written.of(_annotation(live, names.RENDERED_FROM))
    recorded = _annotation(live, names.TEMPLATE)
    same = before.same_as(mine)
    keeps = before if same else mine

    newest = _take(subject, wants, keeps, rolls=False, why="the template is as it was rendered last")
    if newest.recorded == recorded:
        return newest
    changed = "its author changed what its pods are made of"
    if pinned and not same:
        return replace(newest, why=changed)
    if observed.may_roll and not pinned:
        return replace(
            newest, rolls=True, why="it is its turn: the operator renders its pods otherwise than before"
        )
    kept = newest if has == wants else _take(subject, has, keeps, rolls=True, why="")
    if not same:
        return replace(kept, rolls=has != wants, why=changed)
    if kept.recorded == recorded:
        return replace(kept, rolls=True, why="a newer image waits for its turn")
    held = _held(subject, live)
    if not _can_start(held, subject, observed):
        return replace(kept, rolls=has != wants, why="its pods could not start again as they are")
    why = "its pods are pinned" if pinned else "a newer template waits for its turn"
    return replace(held, rolls=not pinned, why=why)


_SHORT = 16


def _take(subject: Subject, image: str, written: _Written, *, rolls: bool, why: str) -> Rollout:
    chosen = replace(subject, image=image)
    template = pod_template(chosen)
    annotations = {names.RENDERED_FROM: str(written), names.TEMPLATE: _digest(template)}
    return Rollout(replace(chosen, annotations=annotations), template, rolls, why)


def _held(subject: Subject, live: Object) -> Rollout:
    """What runs, defaults of the API server included: equal to what is there, so that nothing rolls."""
    annotations = {name: _annotation(live, name) for name in (names.RENDERED_FROM, names.TEMPLATE)}
    template = live["spec"]["template"]
    metadata = {
        name: value for name, value in (template.get("metadata") or {}).items() if name != "creationTimestamp"
    }
    template = {**template, "metadata": {"annotations": {}, **metadata}}
    chosen = replace(subject, image=_image(live), annotations=annotations)
    return Rollout(chosen, template, True, "")


def _can_start(held: Rollout, subject: Subject, observed: ObservedAgent) -> bool:
    name = names.by_content(subject.name, held.digest)
    return Ref("ConfigMap", subject.namespace, name) in observed.children


def _of_pods(subject: Subject) -> Object:
    return {name: value for name, value in written(subject.spec).items() if name not in OF_NO_POD}


def _image(live: Object | None) -> str:
    template = ((live or {}).get("spec") or {}).get("template") or {}
    containers: list[Any] = (template.get("spec") or {}).get("containers") or []
    return str(containers[0].get("image", "")) if containers else ""


def _annotation(live: Object, name: str) -> str:
    return str((live["metadata"].get("annotations") or {}).get(name, ""))


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_SHORT]
