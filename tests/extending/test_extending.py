"""A neuron, a layer and an importer that SpikeLoom does not have, added to a copy of the packages
with the files that docs/extending.md lists, and no other.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.import_graph import ROOT

HERE = Path(__file__).parent

COPIED = ("sw/spikeloom", "hw/spikeloom_hw", "hls_templates", "bitstreams/boards")

PAGE = ROOT / "docs" / "extending.md"

TOUCHED = re.compile(r"^\| `([^`]+)`(?:, `[^`]+`)* \| (new: )?", re.MULTILINE)


@dataclass(frozen=True)
class Toy:
    """What is added: ``new`` files from ``tests/extending``, and ``rows``: by file, what comes
    before which line.
    """

    name: str
    new: Mapping[str, str]
    rows: Mapping[str, tuple[tuple[str, str], ...]]

    @property
    def files(self) -> set[str]:
        return {*self.new, *self.rows}


IR, HW = "sw/spikeloom/ir", "hw/spikeloom_hw"

NEURON = Toy(
    "neuron",
    {
        f"{IR}/neurons/resting.py": "equation.py",
        f"{HW}/neurons/resting.py": "unit.py",
        "hls_templates/include/spikeloom/resting.hpp": "header.hpp",
    },
    {
        f"{IR}/neurons/__init__.py": (
            (
                "from spikeloom.ir.neurons.spikepack import",
                "from spikeloom.ir.neurons.resting import Resting",
            ),
            ("        SpikePack,\n", "        Resting,"),
        ),
        f"{HW}/neurons/__init__.py": (
            ("from .spikepack import", "from .resting import RestingUnit"),
            ("    SpikePack: spikepack,", "    Resting: resting,"),
            (
                "def lif(",
                "def resting(stage: Stage, neuron: Resting) -> Unit:\n"
                '    theta = stage.parameters["theta"]\n'
                "    return RestingUnit(theta=theta.values[:, None], width=theta.width)\n",
            ),
            (
                "from spikeloom.ir.neurons.thresholds import",
                "from spikeloom.ir.neurons.resting import Resting",
            ),
        ),
        "sw/spikeloom/mapping/estimate/neurons.py": (
            (
                "    Raw: Unit(",
                '    Resting: Unit("lif head", lif_shapes, lambda s: groups(s) * drives(s)),',
            ),
            (
                "from spikeloom.ir.number import",
                "from spikeloom.ir.neurons.resting import Resting",
            ),
        ),
    },
)

LAYER = Toy(
    "layer",
    {f"{IR}/nodes/blur.py": "node.py"},
    {
        f"{IR}/nodes/__init__.py": (
            ("from spikeloom.ir.nodes.input import", "from spikeloom.ir.nodes.blur import Blur"),
            ("        Layer,\n", "        Blur,"),
        ),
        "sw/spikeloom/mapping/plan/stages.py": (
            ("from spikeloom.ir.number import", "from spikeloom.ir.nodes.blur import Blur"),
            ("    SumPool: SumPool.as_layer,", "    Blur: Blur.as_layer,"),
        ),
        "sw/spikeloom/verify/torch_model.py": (
            ("from spikeloom.ir.number import", "from spikeloom.ir.nodes.blur import Blur"),
            (
                "def spikepack(",
                "def blur(graph: Graph, node: Blur, inputs: Sequence[Tensor]) -> Tensor:\n"
                "    x = functional.pad(total(inputs[0]), (1, 1))\n"
                "    return x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]\n",
            ),
            ("    SumPool: sum_pool,", "    Blur: blur,"),
        ),
    },
)


IMPORTER = Toy(
    "importer",
    {"sw/spikeloom/frontend/archive.py": "reader.py"},
    {
        "sw/spikeloom/frontend/importers.py": (
            (
                "IMPORTERS: dict",
                "def archive(path: Path) -> Source:\n"
                "    from spikeloom.frontend.archive import read_source\n\n"
                "    return read_source(path)\n\n",
            ),
            ('    ".onnx": onnx,', '    ".npz": archive,'),
        ),
    },
)


def added(toy: Toy, place: Path) -> None:
    """A copy of the packages with it."""
    for name in COPIED:
        shutil.copytree(
            ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    for name, source in toy.new.items():
        assert not (place / name).exists(), name
        shutil.copyfile(HERE / toy.name / source, place / name)
    for name, rows in toy.rows.items():
        text = (place / name).read_text(encoding="utf-8")
        for line, row in rows:
            assert text.count(line) == 1, (name, line)
            text = text.replace(line, f"{row}\n{line}")
        (place / name).write_text(text, encoding="utf-8")


def listed(heading: str) -> list[str]:
    """The files of the first table under a heading of the page, ``""`` for its beginning."""
    text = PAGE.read_text(encoding="utf-8")
    part = re.split(r"^## ", text, flags=re.MULTILINE)
    found = next(p for p in part if p.startswith(heading)) if heading else part[0]
    table = next(re.finditer(r"(?:^\|.*\n)+", found, re.MULTILINE))[0]
    return [name for name, _ in TOUCHED.findall(table)]


HEADINGS = {"neuron": "", "layer": "A layer", "importer": "An importer"}
"""Of the page, below which the files of a toy are; the neuron's are at its beginning."""


@pytest.mark.parametrize("toy", [NEURON, LAYER, IMPORTER], ids=lambda toy: toy.name)
def test_the_files_of_the_page_are_all_that_it_takes(toy: Toy, tmp_path: Path) -> None:
    added(toy, tmp_path)
    path = os.pathsep.join(
        [str(tmp_path / "sw"), str(tmp_path / "hw"), str(ROOT / "sim"), str(ROOT)]
    )
    done = subprocess.run(
        [sys.executable, "-m", f"tests.extending.{toy.name}.check", str(tmp_path / "made")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {*listed(HEADINGS[toy.name])} == toy.files


@pytest.mark.parametrize(
    ("heading", "most"),
    [("", 6), ("A layer", 6), ("A body", 5), ("A board", 1), ("An importer", 2)],
)
def test_the_page_names_few_files_that_there_are(heading: str, most: int) -> None:
    files = listed(heading)
    assert 0 < len(files) <= most
    toys = {*NEURON.new, *LAYER.new, *IMPORTER.new}
    assert [name for name in files if not (ROOT / name).exists() and name not in toys] == []
