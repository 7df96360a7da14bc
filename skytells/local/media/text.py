"""The output of text models: a paragraph that quotes the prompt."""

from __future__ import annotations

from random import Random
from typing import Final

from .parameters import Input, prompt, random_seed

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


def generate_text(slug: str, given: Input) -> str:
    """The output of a text model, cut to `max_tokens` words.

    Args:
        slug: The model.
        given: The input.
    """
    asked, limit = prompt(given), given.get("max_tokens")
    random = Random(random_seed(slug, given))
    quoted = f"You asked {slug}: {' '.join(asked.split())}" if asked.strip() else f"This is {slug}"
    sentences = [_sentence(random) for _ in range(random.randint(3, 5))]
    words = " ".join([f"{quoted.rstrip('.?!')}.", random.choice(_OPENINGS), *sentences]).split(" ")
    return " ".join(words[:limit] if isinstance(limit, int) and limit > 0 else words)


def _sentence(random: Random) -> str:
    parts = (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
    subject, verb, complement, ending = map(random.choice, parts)
    return f"{subject} {verb} {complement}, {ending}."
