"""Sentences that can be told in another language than the one they were made in, which is English.

A sentence is made of a pattern with blanks. The pattern is also the key of its French (`core/sentences.py` tells it),
so nobody has to recognise a sentence by how it reads. An error that is raised with one keeps it: `reason(error)`.
"""

from collections.abc import Mapping, Sequence


class Sentence(str):
    """In English. What it was made of is kept, so that it can be told in another language."""

    pattern: str
    blanks: Mapping[str, object]


def said(pattern: str, /, **blanks: object) -> Sentence:
    """What `pattern` says with its blanks filled in, which may be sentences themselves."""
    made = Sentence(pattern.format_map(blanks))
    made.pattern, made.blanks = pattern, blanks
    return made


def joined(texts: Sequence[str]) -> str:
    """ "a", "a and b", "a and b and c". `texts` must not be empty."""
    found, *others = texts
    for each in others:
        found = said("{before} and {last}", before=found, last=each)
    return found


def reason(error: Exception) -> str:
    """The sentence that an error was raised with."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, str) else str(error)
