"""What the caches cannot hold, a tenant's Secrets, ConfigMaps and claims: asked for by name, a few at a time.

Rules: remembered for `REMEMBERED_SECONDS`. Of a Secret or a claim only whether it is there; of a ConfigMap what it
holds, and that only where its version is another than the last time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from parley_operator.api import Unreachable
from parley_operator.cluster import Cluster, version_of
from parley_operator.few import a_few
from parley_operator.plan.needs import Needs
from parley_operator.plan.plan import Object, Ref

REMEMBERED_SECONDS = 10.0

LOOK_UP_SECONDS = 60.0
"""All look-ups of one object: with a slow API server and a hundred names a worker would count as stuck (probes.py)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """`digest` is None for what is not there, "" for a Secret or a claim; `version` is a ConfigMap's."""

    at: float
    """When the answer came, by the loop's clock."""

    digest: str | None
    version: str = ""


class Found(NamedTuple):
    """What is there, of what was asked for: of the ConfigMaps a digest of what they hold."""

    secrets: frozenset[str]
    contents: Mapping[str, str]
    claims: frozenset[str]


class LookUps:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._looked_up: dict[Ref, _Known] = {}

    async def find(self, namespace: str, wanted: Needs) -> Found:
        """Raises ApiError or Unreachable."""
        refs = [Ref("Secret", namespace, name) for name in sorted(wanted.secrets)]
        refs += [Ref("ConfigMap", namespace, name) for name in sorted(wanted.config_maps)]
        refs += [Ref("PersistentVolumeClaim", namespace, name) for name in sorted(wanted.claims)]
        since = asyncio.get_running_loop().time() - REMEMBERED_SECONDS
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = dict(zip(refs, await a_few(self._found, refs), strict=True))
        except TimeoutError as error:
            self._keep(refs, since)
            raise Unreachable(
                f"{len(refs)} Secrets, ConfigMaps and claims: not all looked up in time"
            ) from error
        there = {ref: digest for ref, digest in found.items() if digest is not None}
        return Found(
            frozenset(ref.name for ref in there if ref.kind == "Secret"),
            {ref.name: digest for ref, digest in there.items() if ref.kind == "ConfigMap"},
            frozenset(ref.name for ref in there if ref.kind == "PersistentVolumeClaim"),
        )

    def _keep(self, refs: list[Ref], since: float) -> None:
        """What a look-up that took too long went by counts as new: the next asks for the rest, not for all again."""
        now = asyncio.get_running_loop().time()
        for ref in refs:
            known = self._looked_up.get(ref)
            if known is not None and known.at > since:
                self._looked_up[ref] = replace(known, at=now)

    async def _found(self, ref: Ref) -> str | None:
        """None: it is not there. Of a ConfigMap the digest of what it holds."""
        loop = asyncio.get_running_loop()
        known = self._looked_up.get(ref)
        if known is not None and loop.time() - known.at < REMEMBERED_SECONDS:
            return known.digest
        if ref.kind == "ConfigMap":
            digest, version = await self._config_map(ref, known)
        else:
            secret = ref.kind == "Secret"
            exists = self._cluster.secret_exists if secret else self._cluster.claim_exists
            digest, version = "" if await exists(ref.namespace, ref.name) else None, ""
        if len(self._looked_up) > 10_000:
            self._looked_up.clear()
        self._looked_up[ref] = _Known(loop.time(), digest, version)
        return digest

    async def _config_map(self, ref: Ref, known: _Known | None) -> tuple[str | None, str]:
        """As `_Known` has them."""
        version = await self._cluster.config_map_version(ref.namespace, ref.name)
        if version and known is not None and known.version == version:
            return known.digest, version
        obj = await self._cluster.config_map(ref.namespace, ref.name) if version else None
        return (None, "") if obj is None else (_digest(obj), version_of(obj))


def _digest(config_map: Object) -> str:
    held = {name: config_map.get(name) or {} for name in ("data", "binaryData")}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
