"""Training: a recipe in, a folder with a trained float network and its real test inputs out.

The folder then holds

    trained.pt           state dict (loaded with ``weights_only``)
    trained.onnx         what `spikeloom.nn.export` describes
    train.json           accuracy and share of set bits on the test set, settings, versions
    test_x.npy, test_y.npy       the whole test set, as the network takes it
    test_source.npy      the real example of each test image; those of one are not independent
    calibration_x.npy    some training inputs, to measure spike densities on
    checkpoint.pt        where to go on, after every epoch

The same command gives the same weights, interrupted or not.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from spikeloom.errors import SpikeLoomError, blaming, place
from spikeloom.files import first_line, replacing, save_array, save_json
from spikeloom.nn import density
from spikeloom.nn import spike_penalty as mean_spikes
from spikeloom.nn.export import write_trained
from spikeloom.progress import Progress, silent
from spikeloom.train import data
from spikeloom.train.data import Dataset
from spikeloom.train.zoo import Recipe, recipe_of
from spikeloom.train.zoo.user import Builder

CHECKPOINT = "checkpoint.pt"
"""Where a training that was interrupted goes on."""

CALIBRATION = 128
"""Training inputs that are kept for measuring densities."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network. accuracy: fraction of the test set it gets right. epochs: trained now,
    without those resumed.
    """

    folder: Path
    model: nn.Module
    accuracy: float
    epochs: int


@contextmanager
def keeping_random_state() -> Iterator[None]:
    """torch's random state afterwards is the one before."""
    with torch.random.fork_rng(devices=[]):
        yield


@contextmanager
def _deterministic(seed: int, threads: int) -> Iterator[None]:
    """Fixed seed, algorithms and thread count inside; torch's global settings as they were
    outside.
    """
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with keeping_random_state():
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.use_deterministic_algorithms(strict)


def _shifted(x: Tensor, most: int) -> Tensor:
    """Every image of (N, ..., H, W) moved by its own random offset, zeros moving in."""
    if not most:
        return x
    height, width = x.shape[-2:]
    padded = functional.pad(x, (most, most, most, most))
    offsets = torch.randint(0, 2 * most + 1, (len(x), 2)).tolist()
    return torch.stack(
        [
            image[..., dy : dy + height, dx : dx + width]
            for image, (dy, dx) in zip(padded, offsets, strict=True)
        ]
    )


def fingerprint(
    recipe: Recipe, model: nn.Module, dataset: Dataset, seed: int, spike_penalty: float
) -> str:
    """What a checkpoint must agree on to be resumed: settings, architecture and data."""
    digest = hashlib.sha256()
    settings = [
        recipe.name,
        recipe.dataset,
        recipe.epochs,
        recipe.lr,
        recipe.batch,
        recipe.shift,
        seed,
        spike_penalty,
    ]
    digest.update(repr(settings).encode())
    digest.update(repr(model).encode())
    for name, value in model.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
    for array in (dataset.train_x, dataset.train_y):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _save(path: Path, state: dict[str, Any]) -> None:
    with replacing(path) as stream:
        torch.save(state, stream)


def _resume(
    path: Path, fingerprint: str, model: nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Epochs already done; loads their state. 0 where there is no checkpoint of this very
    training.
    """
    if not path.is_file():
        return 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of a kind that torch did not write
            state = torch.load(path, weights_only=True)
        if not isinstance(state, dict) or state.get("fingerprint") != fingerprint:
            return 0
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["epochs"])
    except Exception as error:  # there is no end to the ways in which a damaged file fails
        raise SpikeLoomError(
            f"{path}: expected a checkpoint of this network, found a damaged file: remove it to"
            " train anew"
        ) from error


def _epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    recipe: Recipe,
    epoch: int,
    penalty: float,
) -> float:
    """One pass over the training set; mean loss. Everything random depends on torch's seed
    alone.
    """
    model.train()
    order = torch.randperm(len(x))
    batches = len(x) // recipe.batch
    total = 0.0
    for k in range(batches):
        done = (epoch * batches + k) / (recipe.epochs * batches)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * 0.5 * (1 + math.cos(math.pi * done))
        rows = order[k * recipe.batch : (k + 1) * recipe.batch]
        loss = functional.cross_entropy(model(_shifted(x[rows], recipe.shift)), y[rows])
        if penalty:
            loss = loss + penalty * mean_spikes(model)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += float(loss.detach())
    if not math.isfinite(total):
        raise SpikeLoomError(
            f"{recipe.name}: the loss is no longer a finite number in epoch {epoch + 1}: lower lr"
            f" ({recipe.lr})"
        )
    return total / batches


@torch.no_grad()
def predict(
    model: nn.Module, x: np.ndarray[Any, np.dtype[np.float32]], batch: int = 256
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Outputs (N, O) of the float network in eval mode, which it keeps."""
    model.eval()
    return np.concatenate(
        [model(torch.from_numpy(x[k : k + batch])).numpy() for k in range(0, len(x), batch)]
    )


def check_fit(recipe: Recipe, model: nn.Module, dataset: Dataset) -> None:
    """Fail before the first epoch: raises SpikeLoomError where network and data do not fit. Finds
    the thresholds of the module.
    """
    if len(dataset.train_x) < recipe.batch:
        raise SpikeLoomError(
            f"{recipe.name}: expected at least one batch of {recipe.batch} images to train on,"
            f" found {len(dataset.train_x)}"
        )
    try:
        out = model.train()(torch.from_numpy(dataset.train_x[: recipe.batch]))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        why = place(error) or first_line(error)
        raise SpikeLoomError(
            f"{recipe.name}: does not run on {dataset.name} inputs of shape {dataset.shape}: {why}"
        ) from error
    if not isinstance(out, Tensor) or out.dim() != 2 or out.shape[1] < len(dataset.classes):
        found = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise SpikeLoomError(
            f"{recipe.name}: expected outputs (batch, {len(dataset.classes)}) for {dataset.name},"
            f" found {found}"
        )


def train(
    recipe: Recipe | Builder,
    folder: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    data_dir: Path | None = None,
    spike_penalty: float = 0.0,
    resume: bool = True,
    threads: int = 1,
    progress: Progress = silent,
) -> Trained:
    """Train a network and write everything that the later steps need into ``folder``.

    recipe: what to train, or a function that returns a Recipe or a torch module (then on the
    digits, with the usual settings). epochs: instead of the recipe's. spike_penalty: weight of the
    mean number of set bits per activation in the loss; with 2, digits-mlp fires a quarter of the
    spikes and loses 0.3 % of accuracy. resume: go on from a checkpoint of the same settings.
    threads: of torch; part of what makes two runs equal.

    Raises SpikeLoomError if data, network or settings do not fit, or a file cannot be read or
    written.
    """
    if seed < 0 or threads < 1 or not (spike_penalty >= 0 and math.isfinite(spike_penalty)):
        raise SpikeLoomError(
            f"expected seed >= 0, threads >= 1 and spike penalty >= 0, got {seed}, {threads} and"
            f" {spike_penalty}"
        )
    recipe = recipe if isinstance(recipe, Recipe) else recipe_of(recipe)
    recipe = replace(recipe.on(data_dir), epochs=recipe.epochs if epochs is None else epochs)
    dataset = data.load(recipe.dataset, data_dir)
    with _deterministic(seed, threads):
        with blaming(recipe.name):
            model = recipe.build()
            check_fit(recipe, model, dataset)
        optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr)
        known = fingerprint(recipe, model, dataset, seed, spike_penalty)
        checkpoint = folder / CHECKPOINT
        start = _resume(checkpoint, known, model, optimizer) if resume else 0
        x, y = torch.from_numpy(dataset.train_x), torch.from_numpy(dataset.train_y)
        for epoch in range(start, recipe.epochs):
            progress("train", epoch, recipe.epochs)
            torch.manual_seed(
                seed * 1_000_003 + epoch + 1
            )  # an epoch draws the same numbers, whether resumed or not
            with blaming(recipe.name):
                _epoch(model, optimizer, x, y, recipe, epoch, spike_penalty)
            state = {
                "fingerprint": known,
                "epochs": epoch + 1,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            _save(checkpoint, state)
        progress("train", recipe.epochs, recipe.epochs)
        with blaming(recipe.name):
            tested = _test(model, dataset)
    with blaming(recipe.name):
        _write(
            folder,
            model,
            dataset,
            recipe,
            tested | {"seed": seed, "spike_penalty": spike_penalty, "threads": threads},
        )
    return Trained(folder, model, tested["accuracy"], recipe.epochs - start)


def _test(model: nn.Module, dataset: Dataset) -> dict[str, Any]:
    """On the whole test set: accuracy, how many images that is, and the share of set bits behind
    each neuron by its module's name.
    """
    with density(model) as bits:
        right = predict(model, dataset.test_x).argmax(1) == dataset.test_y
    return {
        "accuracy": float(right.mean()),
        "test_images": len(right),
        "density": {name: float(planes.mean()) for name, planes in bits.items()},
    }


def _write(
    folder: Path, model: nn.Module, dataset: Dataset, recipe: Recipe, results: dict[str, Any]
) -> None:
    save_array(folder / "test_x.npy", dataset.test_x)
    save_array(folder / "test_y.npy", dataset.test_y)
    save_array(folder / "test_source.npy", dataset.test_source)
    save_array(folder / "calibration_x.npy", dataset.train_x[:CALIBRATION])
    _save(folder / "trained.pt", dict(model.state_dict()))
    write_trained(model, dataset.shape, folder / "trained.onnx")
    settings = {
        name: value for name, value in asdict(recipe).items() if name not in ("build", "files")
    }
    versions = {
        name: importlib.metadata.version(name)
        for name in ("brevitas", "numpy", "spikeloom", "torch")
    }
    save_json(
        folder / "train.json",
        settings | results | {"classes": list(dataset.classes), "versions": versions},
    )
