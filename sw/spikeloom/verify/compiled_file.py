"""The file that a network was compiled from, kept beside its plan, so that it can be run against it
at any time.
"""

from __future__ import annotations

from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import replacing
from spikeloom.frontend.importers import IMPORTERS, importer, onnx
from spikeloom.frontend.onnx.load import File, load, self_contained
from spikeloom.frontend.onnx.write import written
from spikeloom.ir.graph import Graph

FROZEN = "model.onnx"
"""The integer network, written by SpikeLoom: every word of it can be compared."""

ORIGINAL = "original"
"""Any other file, in one piece; with the ending of its format."""


def frozen_tensors(graph: Graph, file: File) -> dict[str, str] | None:
    """Node -> tensor that holds its words' values, where the file is the frozen form of this
    network; None where it is another file.

    An integer output is not among them: reading may move factors and offsets from it into the
    network's scale and bias.
    """
    try:
        canvas = written(graph, 1)
    except SpikeLoomError:
        return None
    tensors = {
        name: tensor for name, tensor in canvas.values.items() if graph.codes[name] is not None
    }
    made = {tensor for op in file.ops for tensor in op.outputs}
    same = file.input_shape == (1, *graph.input.real_shape) and made.issuperset(
        {*tensors.values(), "real/Add"}
    )
    return tensors if same else None


def originals(folder: Path) -> list[Path]:
    """The file that the network of a folder was compiled from, where it is not the frozen one."""
    return [path for ending in IMPORTERS if (path := folder / f"{ORIGINAL}{ending}").is_file()]


def keep(graph: Graph, path: Path, folder: Path) -> None:
    """Copy the file that ``graph`` was read from into ``folder``, unless it is the folder's own
    already.

    Raises SpikeLoomError where it cannot be read or written.
    """
    is_onnx = importer(path) is onnx
    target = folder / f"{ORIGINAL}{'.onnx' if is_onnx else path.suffix.lower()}"
    own = (
        path.resolve() == (folder / FROZEN).resolve()
        and frozen_tensors(graph, load(path)) is not None
    )
    if not own and path.resolve() != target.resolve():
        content = self_contained(path) if is_onnx else path.read_bytes()
        with replacing(target) as stream:
            stream.write(content)
    for other in originals(folder):
        if own or other != target:
            other.unlink()


def find(graph: Graph, folder: Path) -> tuple[Path, File, dict[str, str] | None] | None:
    """The ONNX file that the network of a folder was compiled from, and :func:`frozen_tensors` of
    it; None where there is none.

    Raises SpikeLoomError where it is damaged, or model.onnx is not the network's.
    """
    for path in originals(folder) or [folder / FROZEN]:
        if importer(path) is not onnx:
            return None
        if path.exists():
            file = load(path)
            tensors = frozen_tensors(graph, file)
            if path.name == FROZEN and tensors is None:
                raise SpikeLoomError(
                    f"{path}: expected the frozen network of this folder, found another file;"
                    " export and compile again"
                )
            return path, file, tensors
    return None
