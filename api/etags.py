"""ETags of what people edit: out with an answer, back as `If-Match` of a change."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from core.errors import Finding, Invalid


async def _read(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="the ETag that you read; 412 when it changed since")
    ] = None,
) -> str | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"([0-9a-f]{1,64})"', if_match.strip())
    if found is None:
        finding = Finding("header.If-Match", "This is no ETag of ours; send it as it was read, with its quotes.")
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
    return found[1]


ReadDep = Annotated[str | None, Depends(_read)]


def put(response: Response, revision: str) -> None:
    """The revision as the answer's ETag."""
    response.headers["ETag"] = f'"{revision}"'
