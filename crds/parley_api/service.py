"""How offers and messages reach an agent's pods. Media never goes this way: it has `media.reach`."""

from __future__ import annotations

from pydantic import Field

from parley_api.model import Model


class Service(Model):
    """The Service of an agent: port 80, and each client stays with its pod."""

    load_balancer: bool = Field(
        default=False,
        description="Whether the Service is a network load balancer that is reached from outside; if not, it has an"
        " address within the cluster alone.",
    )
