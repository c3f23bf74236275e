"""What pods are made from, and what of their surroundings they need to know."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from parley_api.access import HOST, PORT
from parley_api.metadata import OBJECT_NAME, ObjectName
from parley_api.model import Model, Rule, cel_rules

_REGISTRY = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/"
_PATH = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_TAG = r":[A-Za-z0-9_][A-Za-z0-9_.-]*"
_DIGEST = r"@sha256:[0-9a-f]{64}"

PINNED = Rule(
    "!self.image.endsWith(':latest')",
    "write a tag other than latest, or a digest: latest is another image tomorrow",
    ".image",
)
NONE_OF_WHAT = Rule(
    "self.none == '' || self.http != '' || self.https != ''",
    "write http or https beside none: without a proxy there is nothing to leave out",
    ".none",
)

ProxyUrl = Annotated[
    str,
    Field(
        max_length=300,
        pattern=rf"^(https?://{HOST}(:{PORT})?/?)?$",
        json_schema_extra={
            "x-advice": "the proxy with its scheme, such as http://proxy.example.com:3128, without a login or a path"
        },
    ),
]


class Proxy(Model):
    """The proxy by which what is outside the cluster is reached."""

    model_config = ConfigDict(json_schema_extra=cel_rules(NONE_OF_WHAT))

    http: ProxyUrl = Field(default="", description="HTTP_PROXY of the pods.")
    https: ProxyUrl = Field(default="", description="HTTPS_PROXY of the pods.")
    none: str = Field(
        default="",
        max_length=2_048,
        pattern=r"^([^\s,]+(,[^\s,]+)*)?$",
        description="NO_PROXY of the pods: what is reached without the proxy.",
        json_schema_extra={
            "x-advice": "hosts, domains and networks with a comma and no space between them, such as .svc,10.0.0.0/8"
        },
    )


class PodImage(Model):
    """Image and registry of pods."""

    model_config = ConfigDict(json_schema_extra=cel_rules(PINNED))

    image: str = Field(
        default="",
        max_length=512,
        pattern=rf"^(({_REGISTRY})?{_PATH}(/{_PATH})*({_TAG}|({_TAG})?{_DIGEST}))?$",
        description="Image of the pods. Unless set, the operator's: a newer operator moves them to its own in turn.",
        json_schema_extra={
            "x-advice": "an image with its tag or digest, such as registry.example.com/parley:0.1.0"
        },
    )
    pull_secrets: list[ObjectName] = Field(
        default_factory=list,
        max_length=16,
        description="Names of Secrets by which a private registry lets the image be pulled.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Pods(PodImage):
    """Image, registry, proxy, authorities and keys of pods."""

    proxy: Proxy = Field(default=Proxy(), description="The proxy by which what is outside is reached.")
    ca_config_map: str = Field(
        default="",
        max_length=253,
        pattern=rf"^({OBJECT_NAME})?$",
        description="Name of a ConfigMap whose ca.crt holds the certificates of private authorities, in PEM.",
        json_schema_extra={"x-advice": "the name of a ConfigMap: lower-case letters, digits, '-' and '.'"},
    )
    environment_from: list[ObjectName] = Field(
        default_factory=list,
        max_length=16,
        description="Names of Secrets whose keys are environment variables of the pods, such as an API key.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
