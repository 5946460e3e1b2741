"""The notebook of a deployed folder: the driver step by step, PYNQ's habit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from spikeloom.driver.selftest import X, Y
from spikeloom.interface.manifest import Manifest

CELLS = (
    (
        "markdown",
        (
            "# {name} on a {board}\n\nRun this in the board's Jupyter, from the folder of"
            " `spikeloom deploy`. It needs numpy and pynq."
        ),
    ),
    (
        "code",
        (
            "import numpy as np\nfrom spikeloom.board import Accelerator\n\naccelerator ="
            ' Accelerator("{name}.bit")\naccelerator'
        ),
    ),
    ("markdown", "Real numbers in, real numbers out: the same as the golden model's, bit for bit."),
    (
        "code",
        (
            'x, expected = np.load("{x}"), np.load("{y}")\ny = accelerator.predict(x)\nassert (y =='
            " expected).all()\ny.shape"
        ),
    ),
    (
        "markdown",
        (
            "With `profile=True` also the seconds that the fabric took, data movement included, and"
            " images per second."
        ),
    ),
    (
        "code",
        (
            'y, seconds, rate = accelerator.predict(x, profile=True)\nf"{{1e6 * seconds /'
            ' len(x):.2f}} µs per image, {{rate:.0f}} per second"'
        ),
    ),
    (
        "markdown",
        (
            "Latency, sparsity of every layer by plane, synaptic operations, waiting, and power"
            " where the board has sensors."
        ),
    ),
    ("code", "measured = accelerator.measure(x)\nmeasured"),
    ("markdown", "The same as a file, and under FINN's names. `free()` gives the buffers back."),
    (
        "code",
        (
            "from pathlib import"
            ' Path\n\nmeasured.save(Path("measure.json"))\naccelerator.throughput_test(x)'
        ),
    ),
    ("code", "accelerator.free()"),
)


def notebook(manifest: Manifest) -> str:
    """The notebook's text, the same for the same network."""
    nbformat: Any = import_module("nbformat")
    v4 = nbformat.v4
    made = v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        }
    )
    for k, (kind, text) in enumerate(CELLS):
        cell = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
        made.cells.append(
            cell(text.format(name=manifest.name, board=manifest.board, x=X, y=Y), id=f"cell-{k}")
        )
    nbformat.validate(made)
    return f"{nbformat.writes(made)}\n"
