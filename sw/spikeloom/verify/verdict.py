"""What comparing a rung with the golden model gave, for the rungs in software."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints
from spikeloom.progress import Progress
from spikeloom.verify import words
from spikeloom.verify.differences import count_outputs, first_difference

EVERY_WORD = "every word of every layer"


@dataclass(frozen=True)
class Verdict:
    """What comparing one rung with the golden model gave.

    Attributes
    ----------
    compared: what was compared. images: how many of them; 0 where the rung did not run.
    differences: a line per fault. note: what else must be known: why the rung did not run, how
        equality is meant.
    counted: outputs that differ where equality is not claimed.
    """

    rung: str
    compared: str
    images: int
    differences: tuple[str, ...]
    note: str = ""
    counted: int = 0

    @property
    def result(self) -> str:
        """In a word or two."""
        if self.differences:
            return "differs"
        if not self.images:
            return "not run"
        return f"{self.counted} differ" if self.counted else "equal"


def not_run(rung: str, why: str) -> Verdict:
    return Verdict(rung, "–", 0, (), f"{rung}: not run: {why}")


def torch_verdict(
    graph: Graph, x: Array, expected: Mapping[str, Ints], progress: Progress
) -> Verdict:
    """Torch on the frozen network."""
    rung, absent = "torch, frozen", words.missing("train", "torch")
    if absent:
        return not_run(rung, absent)
    from spikeloom.verify.torch_model import torch_words

    found = torch_words(graph, x, progress)
    difference = first_difference(graph, ("golden", expected), (rung, found))
    return Verdict(rung, EVERY_WORD, len(x), () if difference is None else (str(difference),))


def executor_verdict(
    graph: Graph, folder: Path, x: Array, expected: Mapping[str, Ints], progress: Progress
) -> Verdict:
    """The QONNX executor on the file that the network was compiled from.

    Raises SpikeLoomError where that file is damaged, or another network's.
    """
    rung, absent = "QONNX executor", words.missing("onnx", "onnx", "onnxruntime", "qonnx")
    if absent:
        return not_run(rung, absent)
    from spikeloom.verify import compiled_file, onnx_executor

    found = compiled_file.find(graph, folder)
    if found is None:
        others = compiled_file.originals(folder)
        why = (
            f"{others[0]} is no ONNX file"
            if others
            else f"{folder} holds neither {compiled_file.ORIGINAL}.onnx nor {compiled_file.FROZEN};"
            " compile again"
        )
        return not_run(rung, why)
    path, file, tensors = found
    rung, values = (
        f"{rung}, {path.name}",
        graph.code(graph.input.name).value(expected[graph.input.name]),
    )
    try:
        answers = onnx_executor.answers(graph, file, tensors or {}, x, values, progress)
    except onnx_executor.ExecutorError as error:
        return not_run(rung, str(error))
    except SpikeLoomError as error:
        raise SpikeLoomError(f"{path}: {error}") from error
    if tensors is None:
        return original_verdict(rung, path, graph, expected, answers.outputs)
    difference = first_difference(graph, ("golden", expected), (rung, answers.words))
    count = count_outputs(graph, expected, answers.outputs, exact=False)
    lines = (
        [str(difference)]
        if difference is not None
        else [f"{rung} differs from golden: {count}"]
        if count.differing
        else []
    )
    return Verdict(rung, EVERY_WORD, len(x), tuple(lines))


def original_verdict(
    rung: str, path: Path, graph: Graph, expected: Mapping[str, Ints], outputs: words.Floats
) -> Verdict:
    """A file of which only outputs are compared: equality is claimed where float32 rounds nothing
    in it, else differences are counted.
    """
    from spikeloom.frontend.onnx import read_source
    from spikeloom.verify.float32_exact import exact_in_float32

    exact = exact_in_float32(read_source(path))
    count = count_outputs(graph, expected, outputs, exact)
    if exact:
        lines = (f"{rung} differs from golden: {count}",) if count.differing else ()
        return Verdict(
            rung, "outputs", len(outputs), lines, f"{rung}: {count}; float32 is exact for this file"
        )
    note = (
        f"{rung}: {count}; float32 rounds in this file, so they are counted, to the nearest integer"
    )
    return Verdict(rung, "outputs, nearest integer", len(outputs), (), note, count.differing)
