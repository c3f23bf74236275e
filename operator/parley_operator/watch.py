"""One kind's objects, listed and then watched, into its cache.

Rules: never gives up. A list is paged; what a later list lacks is gone, which a watch that was interrupted has not
said. An expired version (410) leads to a new list at once, anything else to the same watch after a pause. A kind that
is not served counts as synced and empty, and is looked for again; but kinds that every API server has are only kept
from us, and what is known of them stays: without its namespaces and nodes all that holds by these would be let go.
`changed` is called for each object that changed in what is kept, and only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import structlog

from parley_operator.api import WATCH_SECONDS, Api, ApiError, Unreachable
from parley_operator.backoff import delay
from parley_operator.cache import NEWEST, Cache
from parley_operator.plan.plan import Object, Ref

PAGE = 500
LOOK_AGAIN_SECONDS = 60.0
LONGEST_PAUSE = 10.0
"""An API server that is back after a minute is seen within so many seconds more."""

Changed = Callable[[Ref, Ref | None], None]
"""The object, and the one that owns it."""


class Reflector:
    """`namespace`: "" for all."""

    def __init__(self, api: Api, cache: Cache, changed: Changed, namespace: str = "") -> None:
        self._api = api
        self.cache = cache
        self._changed = changed
        self._kind = cache.kind
        self._path = cache.kind.path(namespace)
        self._since = ""
        self._log = structlog.get_logger().bind(kind=cache.kind.name)

    async def run(self) -> None:
        """For ever."""
        failures = 0
        while True:
            listed = not self._since
            try:
                if listed:
                    await self.list()
                await self._watch()
                failures = 0
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and error.status == 410:
                    self._since = ""
                    if not listed:
                        continue  # at once; what has just been listed and is too old already is a failure
                if self._is_absent(error):
                    self.not_served()
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                    continue
                failures += 1
                self._log.warning("watch-failed", error=str(error)[:200], failures=failures)
                await asyncio.sleep(
                    max(delay(failures, most=LONGEST_PAUSE), getattr(error, "retry_after", 0.0))
                )
            except Exception:  # an answer that is no Kubernetes list: a proxy's page, a line cut short
                failures += 1
                self._since = ""
                self._log.exception("watch-broken", failures=failures)
                await asyncio.sleep(delay(failures, most=LONGEST_PAUSE))

    async def list(self) -> None:
        """Everything there is, and what is gone since."""
        params = {"limit": str(PAGE)}
        if self._kind.selector:
            params["labelSelector"] = self._kind.selector
        present = set()
        while True:
            page = await self._api.request("GET", self._path, params=params, accept=self._kind.accept_list)
            for obj in page["items"] or ():  # of metadata alone, no items are null
                metadata = obj["metadata"]
                present.add((metadata.get("namespace", ""), metadata["name"]))
                self._put(obj)
            token = page["metadata"].get("continue")
            if not token:
                break
            params["continue"] = token
        version = page["metadata"]["resourceVersion"]
        for place in self.cache.absent(present, int(version)):
            owner = self.cache.owner(*place)
            self.cache.drop(place, int(version))
            self._changed(Ref(self._kind.name, *place), owner)
        self._since = version
        self.cache.served = True
        self.cache.synced.set()

    async def _watch(self) -> None:
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._since,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        if self._kind.selector:
            params["labelSelector"] = self._kind.selector
        async with aclosing(self._api.stream(self._path, params, self._kind.accept)) as events:
            async for event in events:
                self._take(event["type"], event["object"])

    def _take(self, what: str, obj: Object) -> None:
        if what == "ERROR":
            raise ApiError(obj.get("code", 500), obj.get("reason", ""), obj.get("message", ""))
        if what == "DELETED":
            metadata = obj["metadata"]
            place = (metadata.get("namespace", ""), metadata["name"])
            owner = self.cache.owner(*place)
            if self.cache.remove(obj):
                self._changed(Ref(self._kind.name, *place), owner)
        elif what != "BOOKMARK":
            self._put(obj)
        self._since = obj["metadata"]["resourceVersion"]

    def _put(self, obj: Object) -> None:
        metadata = obj["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        before = self.cache.owner(*place)
        if self.cache.put(obj):
            after = self.cache.owner(*place)
            self._changed(Ref(self._kind.name, *place), after)
            if before is not None and before != after:
                self._changed(Ref(self._kind.name, *place), before)

    def _is_absent(self, error: ApiError | Unreachable) -> bool:
        """That we may not read it, or that there is no such kind, and not only for now."""
        if not isinstance(error, ApiError) or error.status not in (403, 404) or not self._kind.optional:
            return False
        return not (self._kind.everywhere and len(self.cache))

    def not_served(self) -> None:
        """Empty, and known to be."""
        for place in self.cache.places():
            self.cache.drop(place, NEWEST)
        self._since = ""
        self.cache.served = False
        self.cache.synced.set()
