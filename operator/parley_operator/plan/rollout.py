"""Which pod template a Deployment gets: what its author changed rolls at once, what the operator's own upgrade changes
waits for its turn. The same for every kind that is served by one.

The Deployment remembers, in annotations, a digest of the template as it was rendered and what its author had written by
then. From that:

    rendered anew, the template is the same           it is applied: nothing rolls, and what somebody edited heals
    the author changed something of it                it rolls at once, with the image that it has
    only the operator renders otherwise (its image,   `rolls`: it waits for `may_roll`, and what runs stays as it is
    or its code) and
      the spec pins an image                          nothing rolls until its author changes something

Rules: where there is no Deployment there is nothing that could be cut, and one whose pods could not start again as they
are (the ConfigMap that they name is gone) does not wait.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

from parley_operator import names
from parley_operator.plan.plan import Object
from parley_operator.render.served import Served

Subject = TypeVar("Subject", bound=Served)


@dataclass(frozen=True, slots=True)
class Rollout(Generic[Subject]):
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
        """Of the agent's file that these pods run; "" of another kind."""
        digest: str = self.template["metadata"]["annotations"].get(names.AGENT_DIGEST, "")
        return digest

    @property
    def recorded(self) -> str:
        """The digest of the template as it was rendered."""
        return self.subject.annotations[names.TEMPLATE]

    def noting(self, name: str, value: str) -> Rollout[Subject]:
        """With one more annotation of the Deployment."""
        annotations = {**self.subject.annotations, name: value}
        return replace(self, subject=self.subject.having(self.subject.image, annotations))


class Images(NamedTuple):
    """`has` is what its pods have now, by its status or its Deployment, "" for none; `default` is the operator's."""

    has: str
    default: str


@dataclass(frozen=True, slots=True)
class Written:
    """What the author wrote behind a template. A generation alone would make a scaled one a changed one, a digest of
    the spec alone one whose defaults a new operator reads otherwise.
    """

    generation: str = ""
    spec: str = ""
    around: str = ""
    """What is not in the spec: of an agent its knowledge, and the port of the nodes that it has."""

    @classmethod
    def of(cls, text: str) -> Written:
        parts = text.split("/")
        return cls(*parts) if len(parts) == 3 else cls()

    def __str__(self) -> str:
        return f"{self.generation}/{self.spec}/{self.around}"

    def same_as(self, other: Written) -> bool:
        spec = self.generation == other.generation or self.spec == other.spec
        return spec and self.around == other.around


def rollout(
    subject: Subject,
    render: Callable[[Subject], Object],
    mine: Written,
    live: Object | None,
    images: Images,
    *,
    may_roll: bool,
    can_start: Callable[[Object], bool] = lambda template: True,
) -> Rollout[Subject]:
    """`subject.image` is not read: it is decided here. `mine`: what its author has written now. `can_start`: whether
    pods of a template that runs could start again.
    """
    pinned = subject.pinned
    has = pinned or images.has or images.default
    wants = pinned or images.default

    def take(image: str, written: Written, *, rolls: bool, why: str) -> Rollout[Subject]:
        template = render(subject.having(image, {}))
        annotations = {names.RENDERED_FROM: str(written), names.TEMPLATE: digest(template)}
        return Rollout(subject.having(image, annotations), template, rolls, why)

    if live is None:
        return take(has, mine, rolls=has != wants, why="there is no Deployment yet")
    before = Written.of(_annotation(live, names.RENDERED_FROM))
    recorded = _annotation(live, names.TEMPLATE)
    same = before.same_as(mine)
    keeps = before if same else mine

    newest = take(wants, keeps, rolls=False, why="the template is as it was rendered last")
    if newest.recorded == recorded:
        return newest
    changed = "its author changed what its pods are made of"
    if pinned and not same:
        return replace(newest, why=changed)
    if may_roll and not pinned:
        return replace(
            newest, rolls=True, why="it is its turn: the operator renders its pods otherwise than before"
        )
    kept = newest if has == wants else take(has, keeps, rolls=True, why="")
    if not same:
        return replace(kept, rolls=has != wants, why=changed)
    if kept.recorded == recorded:
        return replace(kept, rolls=True, why="a newer image waits for its turn")
    held = _held(subject, live)
    if not can_start(held.template):
        return replace(kept, rolls=has != wants, why="its pods could not start again as they are")
    why = "its pods are pinned" if pinned else "a newer template waits for its turn"
    return replace(held, rolls=not pinned, why=why)


def _held(subject: Subject, live: Object) -> Rollout[Subject]:
    """What runs, defaults of the API server included: equal to what is there, so that nothing rolls."""
    annotations = {name: _annotation(live, name) for name in (names.RENDERED_FROM, names.TEMPLATE)}
    template = live["spec"]["template"]
    metadata = {
        name: value for name, value in (template.get("metadata") or {}).items() if name != "creationTimestamp"
    }
    template = {**template, "metadata": {"annotations": {}, **metadata}}
    return Rollout(subject.having(image_of(live), annotations), template, True, "")


def image_of(live: Object | None) -> str:
    """Of a Deployment's pods."""
    template = ((live or {}).get("spec") or {}).get("template") or {}
    containers: list[Any] = (template.get("spec") or {}).get("containers") or []
    return str(containers[0].get("image", "")) if containers else ""


def _annotation(live: Object, name: str) -> str:
    return str((live["metadata"].get("annotations") or {}).get(name, ""))


_SHORT = 16


def digest(value: Any) -> str:
    """Of what JSON can hold, short enough for an annotation that people see."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_SHORT]
