"""A benchmark's network, trained and frozen in its folder. What is there already is not made
again.
"""

from __future__ import annotations

from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json
from spikeloom.frontend.freeze import freeze
from spikeloom.progress import Progress
from spikeloom.train.loop import train
from spikeloom.train.zoo import Recipe
from spikeloom.train.zoo import find as find_recipe


def train_and_freeze(
    name: str,
    folder: Path,
    data_dir: Path | None,
    progress: Progress,
    *,
    seed: int = 0,
    spike_penalty: float = 0.0,
    epochs: int | None = None,
) -> Path:
    """Train the recipe of that name and freeze it; the frozen network. epochs: instead of the
    recipe's.
    """
    recipe, model = find_recipe(name).on(data_dir), folder / "model.onnx"
    if not trained(recipe, folder, seed=seed, spike_penalty=spike_penalty, epochs=epochs):
        train(
            recipe,
            folder,
            epochs=epochs,
            seed=seed,
            data_dir=data_dir,
            spike_penalty=spike_penalty,
            progress=progress,
        )
    if not model.exists() or model.stat().st_mtime < (folder / "trained.onnx").stat().st_mtime:
        progress("freeze", 0, 0)
        freeze(folder / "trained.onnx", model)
    return model


def trained(
    recipe: Recipe,
    folder: Path,
    *,
    seed: int = 0,
    spike_penalty: float = 0.0,
    epochs: int | None = None,
) -> bool:
    """Whether the folder holds a training that came to its end with these settings."""
    try:
        known = load_json(folder / "train.json", "what a training came to")
    except SpikeLoomError:
        return False
    wanted = {
        "name": recipe.name,
        "dataset": recipe.dataset,
        "epochs": epochs or recipe.epochs,
        "lr": recipe.lr,
        "batch": recipe.batch,
    }
    wanted |= {"seed": seed, "spike_penalty": spike_penalty}
    there = all(
        (folder / name).exists()
        for name in ("trained.onnx", "test_x.npy", "test_y.npy", "test_source.npy")
    )
    return there and all(known.get(key) == value for key, value in wanted.items())
