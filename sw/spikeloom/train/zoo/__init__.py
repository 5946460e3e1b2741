"""The networks that come with SpikeLoom, as recipes: what to build, on which data, and how long to
train.
"""

from __future__ import annotations

from spikeloom.errors import SpikeLoomError
from spikeloom.train.zoo import bench, digits, events
from spikeloom.train.zoo.recipe import Recipe
from spikeloom.train.zoo.user import load_callable, recipe_of

__all__ = ["RECIPES", "Recipe", "find", "load_callable", "recipe_of"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("digits-mlp", "digits", digits.mlp, epochs=30, lr=0.01),
        Recipe("digits-cnn", "digits", digits.cnn, epochs=30, lr=0.01),
        Recipe("events-cnn", "events", events.spikepack, epochs=20, lr=0.01),
        Recipe("events-cnn-lif", "events", events.lif, epochs=15, lr=0.01),
        *bench.RECIPES,
    )
}


def find(name: str) -> Recipe:
    """The recipe of that name, or of ``file.py:function``. Raises SpikeLoomError if there is
    none.
    """
    if ":" in name:
        return recipe_of(load_callable(name))
    if name not in RECIPES:
        raise SpikeLoomError(
            f"network {name!r} is unknown: expected one of {', '.join(sorted(RECIPES))}, or"
            " file.py:function"
        )
    return RECIPES[name]
