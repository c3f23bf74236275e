"""Who may use an agent's doors from a browser."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parley_api.model import Model

ANY_ORIGIN = "*"

HOST = r"([A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\])"
PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
"""Regular expressions of both parts of an origin, and of other addresses."""

Origin = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=rf"^(\*|[a-z][a-z0-9+.-]{{0,31}}://{HOST}(:{PORT})?)$",
        json_schema_extra={
            "x-advice": "scheme://host or scheme://host:port, without a path and without / at the end,"
            ' such as https://www.example.com; or "*" for any'
        },
    ),
]
"""An origin as browsers send it (RFC 6454, 6.2), or any."""


class Access(Model):
    """Who may use the agent's doors from a browser."""

    origins: list[Origin] = Field(
        default=["http://localhost:3000"],
        max_length=64,
        description="Origins of pages that may use the doors, beside the server's own; * for any.",
    )
