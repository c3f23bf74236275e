"""The one place that talks to the API server about what people write and what that owns: caches in, writes out.

Rules: every write is guarded (lease.py) before it is sent, and counted. What a write returned is in the cache when
it returns. Everything is server-side applied by one field manager; what somebody else made is not taken over: only what
the caches hold already is applied by force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from parley_operator.api import Api, ApiError, Guard, Unreachable
from parley_operator.cache import NEWEST, Cache
from parley_operator.diff import holds, stamped
from parley_operator.kinds import MANAGER, PRIMARIES, VOLUME_CLAIMS, Kind, Primary, watched
from parley_operator.media_types import APPLY, JSON, MERGE, METADATA, METADATA_LIST
from parley_operator.plan.plan import HAND_OVER_MANAGER, Object, Ref, ref_of

Count = Callable[[str, str, str], None]
"""Of a write: verb, kind, outcome."""

Wrote = Callable[[Ref], None]
"""Of an object that a write has changed."""


def _nobody(ref: Ref) -> None:
    pass


class NotOurs(Exception):
    """An object of that name is there, and is another's; `noun` is the word for whose it should be."""

    def __init__(self, ref: Ref, noun: str) -> None:
        super().__init__(
            f"{ref} is there already and does not belong to this {noun}: delete it, or give the {noun} another name"
        )
        self.ref = ref


class Cluster:
    """`guard` returns only where a write may be sent. `home`: where pods of what is of the whole cluster are. `wrote`
    is called of each object that a write changed in what is kept of it: its watch will not tell it again.
    """

    def __init__(
        self,
        api: Api,
        guard: Guard,
        count: Count,
        primaries: Iterable[Primary] = PRIMARIES,
        home: str = "",
        wrote: Wrote = _nobody,
    ) -> None:
        self._api = api
        self._guard = guard
        self._count = count
        self._wrote = wrote
        self.primaries = tuple(primaries)
        self.watched = watched(self.primaries)
        self.caches = {
            kind.name: Cache(kind, self.primaries, home) for kind in (*self.primaries, *self.watched)
        }

    @property
    def synced(self) -> bool:
        return all(cache.synced.is_set() for cache in self.caches.values())

    async def all_synced(self) -> None:
        for cache in self.caches.values():
            await cache.synced.wait()

    def cached(self, ref: Ref) -> Object | None:
        return self.caches[ref.kind].get(ref.namespace, ref.name)

    def differs(self, obj: Object) -> bool:
        """Whether `obj` would have to be applied. An object on its way out is let go first."""
        live = self.cached(ref_of(obj))
        if live is None:
            return True
        return not (live["metadata"].get("deletionTimestamp") or holds(live, stamped(obj)))

    async def apply(self, obj: Object) -> Object:
        """`obj` as a whole. Raises ApiError, Unreachable or NotOurs.

        What the caches lack, or hold as another's, is looked at first: an apply without force would still add our
        fields to an object in which nobody has set them, such as a bare ServiceAccount.
        """
        ref = ref_of(obj)
        wanted = stamped(obj)
        live = self.cached(ref)
        if _controllers(obj) and (live is None or not _is_ours(live, obj)):
            live = await self.get(ref)
            if live is not None and not _is_ours(live, obj):
                raise NotOurs(ref, self._noun(obj))
        return await self._apply(wanted, MANAGER, force=live is not None)

    async def hand_over(self, obj: Object) -> Object:
        """See Plan.hand_over."""
        return await self._apply(obj, HAND_OVER_MANAGER, force=True)

    async def patch_status(self, obj: Object, status: Object) -> Object:
        """Of that very object, by uid: one that was deleted and made anew has its own."""
        kind = self._kind(obj["kind"])
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        body = {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "metadata": {name: metadata[name] for name in ("name", "namespace", "uid") if name in metadata},
            "status": status,
        }
        path = kind.path(namespace, metadata["name"], "status")
        params = {"fieldManager": MANAGER, "force": "true"}
        try:
            answer = await self._write("PATCH", "apply-status", kind, path, params, body, APPLY)
        except ApiError as error:
            place = (namespace, metadata["name"])
            # It went while a watch was interrupted, or while this was sent: its watch will find nothing more to drop.
            if error.status == 404 and self.caches[kind.name].drop(place, NEWEST):
                self._wrote(Ref(kind.name, *place))
            raise
        self._keep(kind, answer)
        return answer

    async def finalize(self, obj: Object, finalizer: str) -> None:
        """That very object, by uid, has this one of ours; "": none. Others' are left."""
        metadata = {
            name: obj["metadata"][name] for name in ("name", "namespace", "uid") if name in obj["metadata"]
        }
        if finalizer:
            metadata["finalizers"] = [finalizer]
        await self._apply(
            {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}, MANAGER, force=True
        )

    async def label(self, ref: Ref, uid: str, labels: Mapping[str, str | None]) -> None:
        """Of what is everybody's, such as a node: these alone, None to take one off. That it is gone, or another has
        its name, is no error.
        """
        kind = self._kind(ref.kind)
        body = {"metadata": {"uid": uid, "labels": dict(labels)}}
        params = {"fieldManager": MANAGER}
        path = kind.path(ref.namespace, ref.name)
        try:
            answer = await self._write("PATCH", "label", kind, path, params, body, MERGE)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        else:
            self._keep(kind, answer)

    async def delete(self, ref: Ref, uid: str, grace_seconds: int | None = None) -> None:
        """That very object, by uid; that it is gone already is no error."""
        body: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        kind = self._kind(ref.kind)
        try:
            await self._write("DELETE", "delete", kind, kind.path(ref.namespace, ref.name), {}, body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    async def let_go(self, ref: Ref, uid: str) -> None:
        """Takes all that was applied of that very object away from it; what others have set of it stays. That it is
        gone is no error.
        """
        kind = self._kind(ref.kind)
        metadata = {"name": ref.name, "uid": uid}
        if ref.namespace:
            metadata["namespace"] = ref.namespace
        body = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
        try:
            await self._apply(body, MANAGER, force=True)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    async def some(self, kind: Kind, namespace: str, most: int) -> list[str]:
        """Names of objects of a kind in a namespace, whoever made them."""
        params = {"limit": str(most)}
        answer = await self._api.request(
            "GET", kind.path(namespace), params=params, accept=f"{METADATA_LIST},{JSON}"
        )
        return [str(one["metadata"]["name"]) for one in answer["items"] or ()]

    async def create_event(self, event: Object) -> None:
        """That it is there already is no error: its name is its content."""
        namespace = event["metadata"]["namespace"]
        path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
        kind = Kind("Event", "events.k8s.io/v1", "events")
        try:
            await self._write("POST", "create", kind, path, {}, event)
        except ApiError as error:
            if error.status != 409:
                raise

    async def get(self, ref: Ref) -> Object | None:
        """From the API server."""
        kind = self._kind(ref.kind)
        return await self._read(kind.path(ref.namespace, ref.name))

    async def secret_exists(self, namespace: str, name: str) -> bool:
        """Its contents do not come here."""
        return await self._read(f"/api/v1/namespaces/{namespace}/secrets/{name}", METADATA) is not None

    async def claim_exists(self, namespace: str, name: str) -> bool:
        """A PersistentVolumeClaim that a tenant wrote."""
        path = VOLUME_CLAIMS.path(namespace, name)
        return await self._read(path, METADATA) is not None

    async def config_map(self, namespace: str, name: str) -> Object | None:
        """One that a tenant wrote."""
        return await self._read(f"/api/v1/namespaces/{namespace}/configmaps/{name}")

    async def config_map_version(self, namespace: str, name: str) -> str:
        """Another whenever anything of it is; "" where it is not there. Its contents do not come here."""
        obj = await self._read(f"/api/v1/namespaces/{namespace}/configmaps/{name}", METADATA)
        return "" if obj is None else version_of(obj)

    def _kind(self, name: str) -> Kind:
        return self.caches[name].kind

    def _noun(self, obj: Object) -> str:
        """Of the kind whose object is the controller."""
        kinds = {reference["kind"] for reference in _controller_references(obj)}
        return next((primary.noun for primary in self.primaries if primary.name in kinds), "object")

    async def _read(self, path: str, accept: str = JSON) -> Object | None:
        try:
            return await self._api.request("GET", path, accept=accept)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def _apply(self, obj: Object, manager: str, *, force: bool) -> Object:
        kind = self._kind(obj["kind"])
        metadata = obj["metadata"]
        params = {"fieldManager": manager, "force": "true" if force else "false"}
        path = kind.path(metadata.get("namespace", ""), metadata["name"])
        answer = await self._write("PATCH", "apply", kind, path, params, obj, APPLY)
        self._keep(kind, answer)
        return answer

    def _keep(self, kind: Kind, answer: Object) -> None:
        if self.caches[kind.name].put(answer, written=True):
            metadata = answer["metadata"]
            self._wrote(Ref(kind.name, metadata.get("namespace", ""), metadata["name"]))

    async def _write(
        self,
        method: str,
        verb: str,
        kind: Kind,
        path: str,
        params: dict[str, str],
        body: Object,
        content_type: str = JSON,
    ) -> Object:
        self._guard()
        outcome = "error"
        try:
            answer = await self._api.request(
                method, path, params=params, body=body, content_type=content_type, guard=self._guard
            )
            outcome = "done"
            return answer
        except ApiError as error:
            outcome = str(error.status)
            raise
        except Unreachable:
            outcome = "unreachable"
            raise
        finally:
            self._count(verb, kind.name, outcome)


def version_of(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"


def _is_ours(found: Object, wanted: Object) -> bool:
    """It has the same controller, or none any more and was applied by us: somebody has taken the reference away."""
    controllers = _controllers(found)
    if not controllers:
        entries = found["metadata"].get("managedFields", ())
        return any(one.get("manager") == MANAGER and one.get("operation") == "Apply" for one in entries)
    return bool(controllers & _controllers(wanted))


def _controllers(obj: Object) -> set[str]:
    return {reference["uid"] for reference in _controller_references(obj)}


def _controller_references(obj: Object) -> list[Object]:
    references = obj["metadata"].get("ownerReferences", ())
    return [reference for reference in references if reference.get("controller")]
