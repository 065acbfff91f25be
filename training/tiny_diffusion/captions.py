"""Captions for training pictures: many ways to say the same thing, so that a person need not know the exact word."""

from __future__ import annotations

import random

from training.tiny_diffusion.concepts import STYLES, concepts
from training.tiny_diffusion.dataset import Item

TEMPLATES = (
    "{}",
    "{}",
    "{}",
    "a {}",
    "the {}",
    "a picture of a {}",
    "the sound of {}",
    "the sound of a {}",
    "sound of {}",
    "{} sound",
    "{} noise",
    "i hear a {}",
    "someone hears {}",
    "loud {}",
    "quiet {}",
    "{} in the distance",
    "{} outside",
    "a recording of {}",
    "this sounds like {}",
)
PAIRS = ("{} and {}", "a {} and a {}", "{} with {}", "{}, {}", "{} next to {}", "first {}, then {}", "the sound of {} and {}")
NAME_SHARE = 0.4
"""How often a concept is called by its name; else by one of its words."""
TWO_WORDS_SHARE = 0.15
"""How often two words of one concept stand together: 'puppy, barking'."""
STYLE_SHARE = 0.6
GROUND_SHARE = 0.2

WORDS = {concept.name: (concept.name, *concept.words) for concept in concepts()}
STYLE_WORDS = {style.name: style.words for style in STYLES}


def caption(item: Item, rng: random.Random) -> str:
    """Return one of the many captions of a picture."""
    if len(item.concepts) == 2:
        text = rng.choice(PAIRS).format(*(say(concept, rng) for concept in item.concepts))
    elif rng.random() < TWO_WORDS_SHARE:
        text = ", ".join(rng.sample(WORDS[item.concepts[0]], 2))
    else:
        text = rng.choice(TEMPLATES).format(say(item.concepts[0], rng))
    if rng.random() < STYLE_SHARE:
        text += f", {rng.choice(STYLE_WORDS[item.style])} style"
    if rng.random() < GROUND_SHARE:
        text += f", on {item.ground}"
    return text


def say(concept: str, rng: random.Random) -> str:
    """Return the concept's name or one of its words."""
    return concept if rng.random() < NAME_SHARE else rng.choice(WORDS[concept])
