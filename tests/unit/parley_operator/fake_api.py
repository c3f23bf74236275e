"""An API server in this process, as far as the operator's core asks of one, for tests on a virtual clock.

Like the real one: versions that only grow, lists in pages, watches from a version with bookmarks and 410, server-side
apply with managedFields, uid preconditions, and a PUT that only goes over the version it names. `fail` queues up
answers for what comes next. What it can't tell the contract tests ask of a real one.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from parley_operator.api import Api, ApiError, Guard, Unreachable
from parley_operator.kinds import KINDS
from parley_operator.media_types import JSON, MERGE, METADATA, METADATA_LIST
from parley_operator.plan.plan import Object

PAGE_LIMIT = 500


class Request:
    """One that arrived."""

    def __init__(
        self, method: str, path: str, params: Mapping[str, str], body: Any, accept: str = JSON
    ) -> None:
        self.method, self.path, self.params, self.body = method, path, dict(params), body
        self.accept = accept

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"


class FakeApi(Api):
    """`requests` are those that arrived; `errors` are raised before anything else is done,
    `write_errors` of what is no read."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.requests: list[Request] = []
        self.errors: deque[Exception] = deque()
        self.write_errors: deque[Exception] = deque()
        self.history: list[tuple[int, str, Object]] = []
        self.version = 100
        self.oldest = 0
        self.page = PAGE_LIMIT
        self.plurals = {kind.plural for kind in KINDS.values()}
        """Of the kinds that are served."""
        self.seconds = 0.0
        self._moved = asyncio.Condition()
        self._uids = 0

    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.method != "GET"]

    async def put(self, path: str, obj: Object) -> Object:
        """As if somebody had made or changed it."""
        before = self.objects.get(path)
        self.version += 1
        obj = copy.deepcopy(obj)
        metadata = obj.setdefault("metadata", {})
        metadata["resourceVersion"] = str(self.version)
        if "uid" not in metadata:
            self._uids += 1
            metadata["uid"] = before["metadata"]["uid"] if before else f"uid-{self._uids}"
        self.objects[path] = obj
        await self._tell("MODIFIED" if before else "ADDED", path)
        return obj

    async def remove(self, path: str) -> None:
        obj = self.objects[path]
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        await self._tell("DELETED", path)
        del self.objects[path]

    async def forget_history(self) -> None:
        """Watches from before now get a 410."""
        self.oldest = self.version
        self.history.clear()

    async def _tell(self, what: str, path: str) -> None:
        obj = copy.deepcopy(self.objects[path])
        self.history.append((self.version, path, {"type": what, "object": obj}))
        async with self._moved:
            self._moved.notify_all()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        guard: Guard | None = None,
        seconds: float = 0.0,
    ) -> dict[str, Any]:
        if seconds and self.seconds > seconds:
            await asyncio.sleep(seconds)
            raise Unreachable(f"{method} {path}: TimeoutError")
        await asyncio.sleep(self.seconds)
        if guard is not None:
            guard()
        self.requests.append(Request(method, path, params or {}, body, accept))
        if self.errors:
            raise self.errors.popleft()
        if self.write_errors and method != "GET":
            raise self.write_errors.popleft()
        match method:
            case "GET" if path in self.objects:
                return as_accepted(self.objects[path], accept)
            case "GET" if self._is_collection(path):
                return self._list(path, params or {}, METADATA_LIST in accept)
            case "POST":
                return await self._create(f"{path}/{body['metadata']['name']}", body)
            case "PUT" if path in self.objects:
                if body["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
                    raise ApiError(409, "Conflict", "the object has been modified")
                return await self.put(path, body)
            case "PATCH" if content_type == MERGE:
                return await self._merge(path, body)
            case "PATCH":
                return await self._apply(path, body, params or {})
            case "DELETE" if path in self.objects:
                if body["preconditions"]["uid"] != self.objects[path]["metadata"]["uid"]:
                    raise ApiError(409, "Conflict", "the uid is another")
                await self.remove(path)
                return {}
        raise ApiError(404, "NotFound", f"{path} not found")

    def _is_collection(self, path: str) -> bool:
        return path.rpartition("/")[2] in self.plurals

    def _below(self, path: str) -> list[str]:
        plural = path.rpartition("/")[2]
        return sorted(name for name in self.objects if name.split("/")[-2] == plural)

    def _list(self, path: str, params: Mapping[str, str], metadata_alone: bool) -> Object:
        first = int(params.get("continue", 0))
        names = self._below(path)
        size = min(self.page, int(params.get("limit", self.page)))
        accept = METADATA if metadata_alone else JSON
        items = [as_accepted(self.objects[name], accept) for name in names[first : first + size]]
        for item in items if not metadata_alone else ():
            item.pop("kind", None)
            item.pop("apiVersion", None)
        metadata = {"resourceVersion": str(self.version)}
        if first + size < len(names):
            metadata["continue"] = str(first + size)
        # As the API server has it, by Go's own rules: a list of metadata alone has null for no items.
        return {"items": items or (None if metadata_alone else []), "metadata": metadata}

    async def _create(self, path: str, body: Object) -> Object:
        if path in self.objects:
            raise ApiError(409, "AlreadyExists", f"{path} already exists")
        return await self.put(path, body)

    async def _apply(self, path: str, body: Object, params: Mapping[str, str]) -> Object:
        manager = params["fieldManager"]
        if path.endswith("/status"):
            path = path.removesuffix("/status")
            before = self.objects.get(path)
            if before is None:
                raise ApiError(404, "NotFound", f"{path} not found")
            return await self.put(path, {**before, "status": body["status"]})
        before = copy.deepcopy(self.objects.get(path, {}))
        metadata = before.get("metadata", {})
        wanted_uid = body["metadata"].get("uid")
        if wanted_uid and wanted_uid != metadata.get("uid"):
            raise ApiError(409, "Conflict", "the uid is another")
        managers = [one for one in metadata.get("managedFields", ()) if one["manager"] != manager]
        if managers and params.get("force") != "true":
            raise ApiError(409, "Conflict", "conflicts with another manager", cause="FieldManagerConflict")
        entry = {"manager": manager, "operation": "Apply", "fieldsV1": fields_of(body)}
        for name in ("finalizers", "ownerReferences"):
            if name not in body["metadata"]:  # what an apply no longer names is taken away
                metadata = {key: value for key, value in metadata.items() if key != name}
        if before and "deletionTimestamp" in metadata and not body["metadata"].get("finalizers"):
            await self.remove(path)
            return {**before, "metadata": {**metadata, "resourceVersion": str(self.version)}}
        after = {**before, **copy.deepcopy(body)}
        after["metadata"] = {**metadata, **after["metadata"], "managedFields": [*managers, entry]}
        return await self.put(path, after)

    async def _merge(self, path: str, body: Object) -> Object:
        """Of labels."""
        found = copy.deepcopy(self.objects.get(path))
        if found is None:
            raise ApiError(404, "NotFound", f"{path} not found")
        if body["metadata"]["uid"] != found["metadata"]["uid"]:
            raise ApiError(409, "Conflict", "the uid is another")
        labels = {**found["metadata"].get("labels", {}), **body["metadata"]["labels"]}
        found["metadata"]["labels"] = {name: value for name, value in labels.items() if value is not None}
        return await self.put(path, found)

    async def delete(self, path: str) -> None:
        """As if somebody had: what has a finalizer stays, and says so."""
        obj = self.objects[path]
        if obj["metadata"].get("finalizers"):
            metadata = {**obj["metadata"], "deletionTimestamp": "2026-11-30T00:00:00Z"}
            await self.put(path, {**obj, "metadata": metadata})
        else:
            await self.remove(path)

    async def stream(
        self, path: str, params: Mapping[str, str], accept: str = JSON
    ) -> AsyncGenerator[dict[str, Any], None]:
        self.requests.append(Request("GET", path, params, None, accept))
        if self.errors:
            raise self.errors.popleft()
        since = int(params["resourceVersion"])
        if since < self.oldest:
            yield {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}
            return
        plural = path.rpartition("/")[2]
        ends = asyncio.get_running_loop().time() + int(params["timeoutSeconds"])
        while True:
            for version, name, event in list(self.history):
                if version > since and name.split("/")[-2] == plural:
                    since = version
                    yield {"type": event["type"], "object": as_accepted(event["object"], accept)}
            try:
                async with asyncio.timeout_at(ends), self._moved:
                    await self._moved.wait()
            except TimeoutError:
                return


def as_accepted(obj: Object, accept: str) -> Object:
    if METADATA in accept:
        obj = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
    return copy.deepcopy(obj)


def fields_of(obj: Object) -> Object:
    """FieldsV1 of what was applied; lists of maps with a name are kept by it, other lists are atomic."""

    def fields(value: Any) -> Object:
        if isinstance(value, dict):
            return {f"f:{name}": fields(member) for name, member in value.items()}
        if (
            isinstance(value, list)
            and value
            and all(isinstance(item, dict) and "name" in item for item in value)
        ):
            return {f"k:{json.dumps({'name': item['name']})}": {".": {}, **fields(item)} for item in value}
        return {}

    rest = {name: value for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata")}
    metadata = {
        name: value for name, value in obj["metadata"].items() if name not in ("name", "namespace", "uid")
    }
    return fields({**rest, "metadata": metadata})
