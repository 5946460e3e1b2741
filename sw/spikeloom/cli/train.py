"""The commands ``spikeloom train`` and ``spikeloom export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeloom.cli.console import bars, say, warn
from spikeloom.cli.images import images_of
from spikeloom.cli.options import NetworkFolder, OutputFolder
from spikeloom.display import count, percent
from spikeloom.files import existing, load_json


def train(
    net: Annotated[
        str,
        typer.Argument(
            metavar="NET", help="a network of SpikeLoom, or file.py:function that returns one"
        ),
    ],
    output: OutputFolder,
    data_dir: Annotated[
        Path | None, typer.Option(help="folder with MNIST or CIFAR-10 in their own files")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="passes over the training data")] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="the same seed gives the same weights")
    ] = 0,
    spike_penalty: Annotated[
        float,
        typer.Option(
            min=0,
            help="weight of the mean number of set bits in the loss; fewer spikes are fewer cycles",
        ),
    ] = 0.0,
    anew: Annotated[bool, typer.Option("--anew", help="do not resume")] = False,
) -> None:
    """Train a network with quantized weights; resumes where it was interrupted."""
    from spikeloom.train import loop as training
    from spikeloom.train.zoo import find

    made = find(net).on(data_dir)
    with bars() as progress:
        trained = training.train(
            made,
            output,
            epochs=epochs,
            seed=seed,
            data_dir=data_dir,
            spike_penalty=spike_penalty,
            resume=not anew,
            progress=progress,
        )
    say(
        f"{made.name}: {made.dataset}, test accuracy in float {percent(trained.accuracy, 2)};"
        f" {output / 'trained.onnx'}"
    )


def export(folder: NetworkFolder) -> None:
    """Freeze trained.onnx into model.onnx, the integer network that is the reference of every later
    step.
    """
    from spikeloom.frontend.freeze import freeze
    from spikeloom.interface.performance import accuracy
    from spikeloom.ir import golden as model
    from spikeloom.ir.arrays import checked_labels

    frozen = freeze(
        existing(folder / "trained.onnx", "a trained network of 'spikeloom train'"),
        folder / "model.onnx",
    )
    proven = sum(proof.method not in ("exact", "frozen") for proof in frozen.proofs)
    spiking = sum(proof.method == "frozen" for proof in frozen.proofs)
    claims = [f"{proven} with neurons proven at {count(frozen.steps)} steps"] * bool(proven)
    claims += [f"{spiking} with IF or LIF neurons, whose integers are their definition"] * bool(
        spiking
    )
    say(f"{folder / 'model.onnx'}: {len(frozen.proofs)} layers, {', '.join(claims)}")
    for line in frozen.graph.notes:
        warn(line)
    if (folder / "test_x.npy").exists() and (folder / "test_y.npy").exists():
        x, y = images_of(folder, None, None)
        truth = checked_labels(y, frozen.graph, len(x))
        after = accuracy(model.run(frozen.graph, x), truth) if truth is not None else 0.0
        settings = (
            load_json(folder / "train.json", "the record of 'spikeloom train'")
            if (folder / "train.json").exists()
            else {}
        )
        before = settings.get("accuracy")
        cost = (
            f"; float {percent(before, 2)}, freezing cost {100 * (before - after):.2f} points"
            if isinstance(before, float)
            else ""
        )
        say(f"accuracy frozen {percent(after, 2)} on {count(len(x))} test images{cost}")
