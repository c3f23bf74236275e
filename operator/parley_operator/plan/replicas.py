"""Whose a Deployment's replicas are: its author's, or an autoscaler's from some moment on."""

from __future__ import annotations

from parley_operator import names
from parley_operator.plan.plan import Object
from parley_operator.plan.running import annotations_of, spec_of
from parley_operator.render.autoscaler import PAUSED, PAUSED_REPLICAS
from parley_operator.render.deployment import replicas_alone
from parley_operator.render.served import Served


def hand_over(subject: Served, live: Object | None, scaler: Object | None) -> Object | None:
    """Replicas that are an autoscaler's from now on, or that it would never touch: it rests while there are none. One
    that somebody has paused rests because they want it: their number of pods stays, none as well. `scaler` is the
    ScaledObject that is there.
    """
    if subject.scaling is None or live is None:
        return None
    replicas = int(spec_of(live).get("replicas", 1))
    stays = replicas > 0 or _paused(scaler)
    if stays and annotations_of(live).get(names.REPLICAS_BY) == names.AUTOSCALER:
        return None
    return replicas_alone(subject, replicas if stays else subject.replicas)


def _paused(scaler: Object | None) -> bool:
    """By the annotations in which KEDA takes it from people. The operator sets none of them, so they stay theirs."""
    annotations = {} if scaler is None else annotations_of(scaler)
    return PAUSED_REPLICAS in annotations or annotations.get(PAUSED, "false") not in _FALSE


_FALSE = {"0", "f", "F", "FALSE", "false", "False"}
"""As strconv.ParseBool has it, by which KEDA reads an annotation; what is no boolean at all it takes for a pause."""
