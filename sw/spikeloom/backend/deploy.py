"""A folder that runs on a board: bitstream, manifest, driver, samples with their answers, a
notebook and a self-test.

    spikeloom deploy build/digits-cnn        # writes build/digits-cnn/deploy

Copied to the board, one command tests and measures it. Nothing in it depends on where it lies.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from spikeloom.backend.bitstream import bitfile, publish
from spikeloom.driver.environment import VENV, XRT
from spikeloom.driver.selftest import EXPECTED, X, Y
from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, save_array, save_json, save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.checksums import checksums
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.plan_file import hashes

ROOT = Path(__file__).parent.parent
"""The package whose modules are copied."""

COMMAND = f"sudo bash -c 'source {VENV} && export {XRT}=/usr && python3 selftest.py'"
"""What is typed on the board."""

SAMPLES = 32

ENTRY = '''"""Test and measure this folder on the board: {command}"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def stop(found):
    print("selftest: " + found + "; type: {command}", file=sys.stderr)
    sys.exit(2)


if sys.version_info < (3, 10):
    stop("Python 3.10 or newer is needed, found %d.%d" % sys.version_info[:2])
try:
    from spikeloom.driver.selftest import main
except ImportError as error:
    stop("this is not the Python environment of the PYNQ image (%s)" % error)
sys.exit(main(HERE))
'''


@dataclass(frozen=True)
class Deployed:
    """The folder, and how to make the bitstream that is missing in it, or ""."""

    folder: Path
    missing: str


def modules(start: str = "spikeloom.board") -> dict[str, Path]:
    """The modules of SpikeLoom that a module imports, directly or not, and their files; what only a
    type checker reads is left out.
    """
    found: dict[str, Path] = {}
    waiting = [start, "spikeloom.driver.selftest"]
    while waiting:
        name = waiting.pop()
        spec = find_spec(name)
        if name in found or spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        waiting += [".".join(name.split(".")[:k]) for k in range(1, name.count(".") + 1)]
        waiting += imported(found[name].read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def imported(text: str) -> list[str]:
    """Names of SpikeLoom's own modules that a source text imports, and of some that are only names
    in them.
    """
    names = []
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
        ):
            continue
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] == "spikeloom"
        ):
            names += [
                node.module,
                *(f"{node.module}.{alias.name}" for alias in node.names if is_package(node.module)),
            ]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.split(".")[0] == "spikeloom"]
        waiting += ast.iter_child_nodes(node)
    return names


def is_package(name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def find_bit(folder: Path, manifest: Manifest) -> Path | None:
    """The network's bitstream: in its folder, or where bitstreams are kept; None if there is none.

    A published one may be for another clock: its own manifest goes with it. Raises SpikeLoomError
    where one lies there that is damaged, of another network or for another board, or whose ``.hwh``
    is missing.
    """
    for place in (folder, published := publish.place(folder, manifest)):
        bit = place / f"{manifest.name}.bit"
        if not bit.is_file():
            continue
        if place == published:
            if not publish.same_network(publish.verify(place), manifest):
                raise SpikeLoomError(
                    f"{place}: holds the bitstream of another network than"
                    f" {folder / 'manifest.json'}; build it again"
                )
            return bit
        bitfile.check(
            bitfile.read(bit),
            find_board(manifest.board).part,
            manifest.identity,
            str(bit),
            unmarked=True,
        )
        if not bit.with_suffix(".hwh").is_file():
            raise SpikeLoomError(
                f"{bit}: expected its hardware handoff file {manifest.name}.hwh beside it, found"
                " none"
            )
        return bit
    return None


def has_bitstream(folder: Path, plan: Plan) -> bool:
    """Whether a bitstream of this very plan is there, as :func:`find_bit`."""
    try:
        made = manifests.load(folder)
        return made.network_sha256 == hashes(plan).network and find_bit(folder, made) is not None
    except SpikeLoomError:
        return False


def existing_bit(folder: Path, manifest: Manifest) -> Path:
    """The network's bitstream. Raises SpikeLoomError if there is none, as :func:`find_bit`."""
    bit = find_bit(folder, manifest)
    if bit is None:
        raise SpikeLoomError(f"{folder / manifest.name}.bit: {how_to_build(manifest)}")
    return bit


def how_to_build(manifest: Manifest) -> str:
    """How to make the bitstream that is missing."""
    part = find_board(manifest.board).part
    return (
        f"'spikeloom bitstream DIR' builds it for {part}, or says what is missing for that; then"
        " deploy again (docs/how-to/bitstream.md)"
    )


class Named(Protocol):
    """Anything that has the name of a node."""

    @property
    def name(self) -> str: ...


def spikes(plan: Plan, streams: Sequence[Named], trace: Mapping[str, Ints]) -> list[dict[str, Any]]:
    """Spikes by plane, words that are not zero and CRC of every stream, in the golden model's words
    of every node.
    """
    rows, crcs = [], checksums(plan, trace) if plan.checksums else {}
    for stream in streams:
        code, words = plan.graph.code(stream.name), trace[stream.name]
        counts = [int(n) for n in code.planes(words).reshape(code.steps, -1).sum(axis=1)]
        row = {"name": stream.name, "spikes": counts, "nonzero": int(np.count_nonzero(words))}
        rows.append({**row, "crc": crcs[f"{stream.name}.crc"]} if crcs else row)
    return rows


def write_samples(folder: Path, plan: Plan, manifest: Manifest, x: Array) -> None:
    """Inputs, their outputs, and how often every plane spikes."""
    graph = plan.graph
    trace = golden.trace(graph, golden.quantize(graph.input, x))
    save_array(folder / X, x)
    save_array(folder / Y, golden.run(graph, x))
    expected = {
        "network": manifest.name,
        "board": manifest.board,
        "identity": manifest.identity,
        "images": len(x),
        "streams": spikes(plan, manifest.streams, trace),
        "make_bit": how_to_build(manifest),
    }
    save_json(folder / EXPECTED, expected)


def write_driver(folder: Path) -> None:
    """The driver's modules, as they are."""
    for path in modules().values():
        target = folder / "spikeloom" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    save_text(folder / "selftest.py", ENTRY.format(command=COMMAND))


def write_hardware(folder: Path, source: Path, bit: Path | None, manifest: Manifest) -> None:
    """Manifest, handoff file and, where there is one, the bitstream."""
    from spikeloom.interface.handoff import hwh_text

    shutil.copyfile(
        (source if bit is None else bit.parent) / "manifest.json", folder / "manifest.json"
    )
    if bit is None:
        save_text(folder / f"{manifest.name}.hwh", hwh_text(manifest))
        return
    shutil.copyfile(bit, folder / bit.name)
    shutil.copyfile(bit.with_suffix(".hwh"), folder / f"{manifest.name}.hwh")


def readme(manifest: Manifest, bit: Path | None) -> str:
    missing = (
        f"\n**The bitstream is still missing**: {how_to_build(manifest)}.\n" if bit is None else ""
    )
    return (
        f"# {manifest.name} on a {manifest.board}\n{missing}\nCopy this folder to the board and"
        f" type in it:\n\n    {COMMAND}\n\nIt compares every output and every spike count with"
        " those expected, prints latency and sparsity, and writes measure.json, which\n`spikeloom"
        " measure DIR --from measure.json` turns into a page with pictures. The notebook does the"
        " same step by step; open it in\nthe board's Jupyter.\n"
    )


def deploy(folder: Path, plan: Plan, x: Array, target: Path) -> Deployed:
    """Write the folder ``target`` for the emitted network in ``folder``; ``x`` are real inputs
    whose answers go with it.

    A folder that an earlier call wrote is replaced. Raises SpikeLoomError where something is
    missing, or ``target`` holds anything else.
    """
    from spikeloom.backend.deploy_notebook import notebook

    manifest = manifests.load(folder)
    bit = find_bit(folder, manifest)
    manifest = manifest if bit is None else manifests.load(bit.parent)
    if target.exists() and (
        not target.is_dir() or (any(target.iterdir()) and not (target / EXPECTED).is_file())
    ):
        raise SpikeLoomError(
            f"{target}: expected a new folder or an older one of 'spikeloom deploy', found"
            " something else; choose another -o"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise SpikeLoomError(f"{target}: cannot be written ({error.strerror})") from error
    try:
        write_hardware(made, folder, bit, manifest)
        write_samples(made, plan, manifest, x)
        write_driver(made)
        save_text(made / f"{manifest.name}.ipynb", notebook(manifest))
        save_text(made / "README.md", readme(manifest, bit))
        made.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    except OSError as error:
        raise SpikeLoomError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Deployed(target, "" if bit is not None else how_to_build(manifest))
