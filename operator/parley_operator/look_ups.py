"""What the caches cannot hold, a tenant's Secrets and ConfigMaps: asked for by name, a few at a time.

Rules: remembered for `REMEMBERED_SECONDS`. Of a Secret only whether it is there; of a ConfigMap what it holds, and that
only where its version is another than the last time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
    """`digest` is None for what is not there, "" for a Secret; `version` is a ConfigMap's."""

    at: float
    """When the answer came, by the loop's clock."""

    digest: str | None
    version: str = ""


class LookUps:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._looked_up: dict[Ref, _Known] = {}

    async def find(self, namespace: str, wanted: Needs) -> tuple[frozenset[str], Mapping[str, str]]:
        """The Secrets that are there, and of the ConfigMaps that are there a digest of what they hold. Raises ApiError
        or Unreachable.
        """
        refs = [Ref("Secret", namespace, name) for name in sorted(wanted.secrets)]
        refs += [Ref("ConfigMap", namespace, name) for name in sorted(wanted.config_maps)]
        since = asyncio.get_running_loop().time() - REMEMBERED_SECONDS
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = dict(zip(refs, await a_few(self._found, refs), strict=True))
        except TimeoutError as error:
            self._keep(refs, since)
            raise Unreachable(f"{len(refs)} Secrets and ConfigMaps: not all looked up in time") from error
        there = {ref: digest for ref, digest in found.items() if digest is not None}
        secrets = frozenset(ref.name for ref in there if ref.kind == "Secret")
        return secrets, {ref.name: digest for ref, digest in there.items() if ref.kind == "ConfigMap"}

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
        if ref.kind == "Secret":
            there = await self._cluster.secret_exists(ref.namespace, ref.name)
            digest, version = "" if there else None, ""
        else:
            digest, version = await self._config_map(ref, known)
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
