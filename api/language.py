"""The language that a reader prefers: English or French, by `Accept-Language`."""

from typing import Annotated, Final, get_args

from fastapi import Depends, Header, Response

from blocks.words import Language

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def preferred(header: str | None) -> Language:
    """The language of ours that an `Accept-Language` header likes best (RFC 9110, 12.5.4); English otherwise."""
    best, weight = LANGUAGES[0], 0.0
    for part in (header or "").split(","):
        tag, _, quality = part.partition(";")
        spoken = tag.strip().lower().partition("-")[0]
        text = quality.strip().removeprefix("q=")
        liking = 1.0 if not text else float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else 0.0
        for language in LANGUAGES:
            if language == spoken and liking > weight:
                best, weight = language, liking
    return best


def chosen(
    response: Response,
    accept: Annotated[
        str | None,
        Header(alias="Accept-Language", description="en or fr", max_length=200, examples=["fr-CH, fr;q=0.9"]),
    ] = None,
) -> Language:
    """The reader's language, named in the answer's headers."""
    language = preferred(accept)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return language


LanguageDep = Annotated[Language, Depends(chosen)]
