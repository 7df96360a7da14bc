"""What text models answer: a paragraph that quotes its prompt, the same for the same request."""

from __future__ import annotations

from random import Random
from typing import Final

from . import parameters as ask

_OPENINGS: Final = (
    "Here is what the local platform makes of it.",
    "This answer was written on your own machine.",
    "No model was asked; these words are only well meant.",
)
_SUBJECTS: Final = ("A careful reader", "The first draft", "A small example", "The short answer")
_VERBS: Final = ("begins with", "often depends on", "gains from", "comes back to")
_OBJECTS: Final = ("a clear question", "a second look", "the plainest words", "what was left out")
_ENDINGS: Final = (
    "and that is usually enough",
    "which is why it pays to try it",
    "although nobody says so",
    "before anything else",
)


def text(slug: str, asked: ask.Asked) -> str:
    """The answer of a text model, at most `max_tokens` words of it.

    Arguments:
        slug: the model.
        asked: the input.
    """
    prompt, limit = ask.prompt(asked), asked.get("max_tokens")
    dice = Random(ask.chance(slug, asked))
    quoted = (
        f"You asked {slug}: {' '.join(prompt.split())}" if prompt.strip() else f"This is {slug}"
    )
    sentences = [_sentence(dice) for _ in range(dice.randint(3, 5))]
    words = " ".join([f"{quoted.rstrip('.?!')}.", dice.choice(_OPENINGS), *sentences]).split(" ")
    return " ".join(words[:limit] if isinstance(limit, int) and limit > 0 else words)


def _sentence(dice: Random) -> str:
    parts = (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
    subject, verb, complement, ending = map(dice.choice, parts)
    return f"{subject} {verb} {complement}, {ending}."
