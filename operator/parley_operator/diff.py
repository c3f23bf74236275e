"""Whether what would be applied is there already: then nothing is written.

Two things are asked of the live object, and no field's value is compared by hand:
1. It carries a digest of exactly what would be applied (an annotation that was applied with it).
2. By its managedFields, every field of that is still ours.

That is all there is to know. A field that somebody changes is theirs from then on: the API server takes it from our
entry, whether they edited, replaced, scaled or applied, and (2) fails. A field that we no longer want changes the
digest, and (1) fails. What the API server or an admission webhook made of our values (defaults, `1000m` as `1`, an
image from a mirror) changes neither, so it is not fought. Nothing here knows any kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from parley_operator.kinds import APPLIED, MANAGER
from parley_operator.plan.plan import Object

_NOT_MANAGED = {"apiVersion", "kind"}
_NOT_MANAGED_OF_METADATA = {"name", "namespace", "uid"}


def stamped(obj: Object) -> Object:
    """`obj` with the digest of itself: this is what is applied."""
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    metadata = obj["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED: digest}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def holds(live: Object, wanted: Object) -> bool:
    """`wanted` is `stamped`."""
    metadata = live["metadata"]
    digest = wanted["metadata"]["annotations"][APPLIED]
    if metadata.get("annotations", {}).get(APPLIED) != digest:
        return False
    return any(
        _all_owned(entry["fieldsV1"], wanted) for entry in metadata.get("managedFields", ()) if _ours(entry)
    )


def _ours(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("manager") == MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
        and "fieldsV1" in entry
    )


def _all_owned(fields: Mapping[str, Any], wanted: Object) -> bool:
    rest = {name: value for name, value in wanted.items() if name not in _NOT_MANAGED | {"metadata"}}
    metadata = {
        name: value for name, value in wanted["metadata"].items() if name not in _NOT_MANAGED_OF_METADATA
    }
    return _owned(fields, {**rest, "metadata": metadata})


def _owned(fields: Mapping[str, Any], wanted: Any) -> bool:
    """Whether every leaf of `wanted` is among `fields` (FieldsV1: "f:" a member, "k:" an item by its keys, "v:" an
    item by its value; nothing below: owned as a whole).
    """
    if not any(name != "." for name in fields):
        return True
    if isinstance(wanted, Mapping):
        return all(
            f"f:{name}" in fields and _owned(fields[f"f:{name}"], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return all(_item_owned(fields, item) for item in wanted)
    return False


def _item_owned(fields: Mapping[str, Any], item: Any) -> bool:
    if isinstance(item, Mapping):
        return any(
            _matches(json.loads(name[2:]), item) and _owned(below, item)
            for name, below in fields.items()
            if name.startswith("k:")
        )
    return f"v:{json.dumps(item)}" in fields


def _matches(keys: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """A key that the item leaves out has its default there (a port's protocol)."""
    return all(item.get(name, value) == value for name, value in keys.items())
