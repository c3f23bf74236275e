"""Makes a page of reference for each kind from the models of the API, so that it never says another thing than they do.

`python docs/make_reference.py` writes them; with --check it only says whether one would change, by its exit code.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_api.schema import Schema, object_schema, status_schema
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_api.wanted import wanted

DOCS = Path(__file__).parent

AGENT = """\
One file is for `parley run` and for a cluster. `parley check` and the API server refuse the same things in the same
words. Fields that a laptop takes and does nothing with are marked *cluster*.

What a cluster needs to know, with other values than the defaults:

```yaml
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata:
  name: reception
spec:
  conversation:
    instructions: You are the friendly reception of a clinic.
  sessions:
    limit: 50                     # calls of a pod; one more is refused
    longestCallSeconds: 1800      # a pod that has to go waits as long for its calls
  replicas: 3                     # what `kubectl scale` sets; with autoscaling, the least
  autoscaling:
    maxReplicas: 10
    targetSessions: 40
    keda:
      serverAddress: http://prometheus.monitoring:9090
  placement:
    resources: {cpu: 2, memory: 4Gi}
    nodeSelector: {node-type: low-latency}
    tolerations:
    - {key: dedicated, operator: Equal, value: voice-ai, effect: NoSchedule}
  media:
    reach:
      turn:
        uris: ["turn:turn.example.com:3478"]
        secretName: turn-login
  service:
    loadBalancer: true
  pods:
    image: registry.example.com/parley:0.1.0
    pullSecrets: [registry-login]
    proxy: {https: "http://proxy.example.com:3128", none: ".svc,10.0.0.0/8"}
    caConfigMap: company-ca
    environmentFrom: [llm-keys]
  deletion: Drain
```
"""

OTHER = """\
`parley check` and the API server refuse the same things in the same words. {scope} {example}, to be copied:

```yaml
{text}```
"""
SCOPE = {
    True: "It is an object of a namespace.",
    False: "It is an object of the whole cluster, in no namespace.",
}

STATUS = """\
## status

Written by the operator, and by nobody else; a file that holds one, as `kubectl get -o yaml` prints it, may be given to
`kubectl apply` and to `parley {command}`: both pass over it.
"""


def file_of(kind: Kind) -> Path:
    """VoiceAgent's page was there first: others link to its sections."""
    return DOCS / ("reference.md" if kind is VOICE_AGENT else f"reference-{kind.singular}.md")


def head(kind: Kind) -> str:
    """What stands before the tables."""
    pages = [f"[{other.name}]({file_of(other).name})" for other in KINDS.values() if other is not kind]
    title = f"# The fields of a {kind.name}\n\n"
    made = "Made by `make generate` from `crds/parley_api`: change the models, not this page."
    others = f"The other kinds: {', '.join(pages)}.\n\n"
    example = f"../examples/{kind.singular}.yaml"
    about = AGENT
    if kind is not VOICE_AGENT:
        text = (DOCS / example).read_text()
        about = OTHER.format(scope=SCOPE[kind.namespaced], example=f"[An example]({example})", text=text)
    return f"{title}{made} {others}{about}"


def fields(schema: Schema, path: str, required: bool = True) -> Iterator[tuple[str, Schema, bool]]:
    """Each field that has no fields of its own, with its path and whether it has to be there."""
    members = schema.get("properties", {})
    for name, member in members.items():
        here, needed = f"{path}.{name}" if path else name, name in schema.get("required", ())
        inner = member.get("items", member)
        if inner is not member and inner.get("properties"):
            yield here, member, needed
            yield from fields(inner, f"{here}[]")
        elif member.get("properties"):
            if needed or "default" not in member or is_union(member):
                yield here, member, needed
            yield from fields(member, here)
        else:
            yield here, member, needed


def takes(schema: Schema) -> str:
    """What may be written."""
    if "x-advice" in schema or schema.get("type") not in ("object", "array"):
        return wanted(schema)
    if schema["type"] == "array":
        return (
            f"{wanted(schema)}, each {takes(schema['items'])}" if plain(schema["items"]) else wanted(schema)
        )
    if "additionalProperties" in schema:
        return (
            f"a map of at most {schema['maxProperties']}, each value {takes(schema['additionalProperties'])}"
        )
    if is_union(schema):
        return "exactly one of its members"
    return "a map" if schema.get("properties") else "{}"


def is_union(schema: Schema) -> bool:
    """Whether its fields are members of which one is chosen."""
    rules = schema.get("x-kubernetes-validations", ())
    return any(rule["rule"].startswith("(has(") and rule["rule"].endswith(" == 1") for rule in rules)


def plain(schema: Schema) -> bool:
    return not schema.get("properties")


def default(schema: Schema, needed: bool) -> str:
    if needed:
        return "*must be written*"
    value = schema.get("default")
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value or '""'
    return f"`{text}`"


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def table(schema: Schema, path: str = "", kind: Kind | None = None) -> list[str]:
    """A row for each field; `path` is where `schema` is."""
    rows = ["| field | takes | default | |", "|---|---|---|---|"]
    for here, member, needed in fields(schema, path):
        cluster = "*cluster*: " if kind is VOICE_AGENT and for_a_cluster(here) else ""
        means = cell(cluster + member["description"])
        rows.append(f"| `{here}` | {cell(takes(member))} | {cell(default(member, needed))} | {means} |")
    return rows


def for_a_cluster(path: str) -> bool:
    return any(f"{path}.".startswith(f"{field}.") for field in FOR_A_CLUSTER)


def rules(schema: Any, path: str) -> Iterator[str]:
    """Each rule that spans several fields, with the place where it holds."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield f"- `{path}{rule.get('fieldPath', '')}`: {rule['message']}"
    for name, member in schema.get("properties", {}).items():
        yield from rules(member, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from rules(schema[part], f"{path}[]")


def sections(kind: Kind) -> Iterator[str]:
    spec: Schema = object_schema(kind)["properties"]["spec"]
    metadata: Schema = object_schema(kind)["properties"]["metadata"]
    needed = spec.get("required", ())
    yield "## metadata\n\nWhat else Kubernetes has there is passed over."
    yield "\n".join(table(metadata, "metadata"))
    members: Schema = spec["properties"]
    single = {name: member for name, member in members.items() if plain(member.get("items", member))}
    yield f"## spec\n\n{spec['description']}"
    yield "\n".join(table({"properties": single, "required": needed}, kind=kind))
    for name, member in members.items():
        if name not in single:
            one = {"properties": {name: member}, "required": needed}
            yield f"## spec.{name}\n\n{member['description']}"
            yield "\n".join(table(one, kind=kind))
    yield "## Rules across fields\n\nEach is refused in these words, by `parley check` and by `kubectl apply`."
    yield "\n".join(rules(spec, "spec"))
    yield STATUS.rstrip("\n").format(command="run" if kind is VOICE_AGENT else "check")
    yield "\n".join(table(status_schema(kind)))
    yield "### Conditions\n\nTrue is said of what was read back, never of what was asked for."
    yield "\n".join(
        [
            "| type | True when |",
            "|---|---|",
            *(f"| {name} | {cell(said)} |" for name, said in kind.conditions.items()),
        ]
    )
    reasons = (f"| {name} | {cell(said)} |" for name, said in kind.reasons.items())
    yield "\n".join(["| reason of Accepted | |", "|---|---|", *reasons])
    yield f"### Columns of `kubectl get {kind.plural}`"
    rows = (
        f"| {column.name} | `{column.path}` | {'with -o wide' if column.wide else ''} | {column.description} |"
        for column in kind.columns
    )
    yield "\n".join(["| column | from | | |", "|---|---|---|---|", *rows])


def page(kind: Kind) -> str:
    return head(kind) + "\n" + "\n\n".join(sections(kind)) + "\n"


def main(arguments: list[str]) -> str | None:
    """Return what is wrong, if anything is."""
    for kind in KINDS.values():
        file = file_of(kind)
        if arguments != ["--check"]:
            file.write_text(page(kind))
        elif not file.exists() or file.read_text() != page(kind):
            return f"{file.name} is not what the models say: run make generate"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
