"""Freezing: the trained float network becomes the integer network that is the reference from then
on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spikeloom.errors import about
from spikeloom.frontend.importers import compile_file
from spikeloom.frontend.lower import Admit, Compiled, anything
from spikeloom.frontend.lower.prove import Proof
from spikeloom.frontend.onnx.write import write_model
from spikeloom.ir.graph import Graph
from spikeloom.progress import Progress, named, silent

__all__ = ["FreezeReport", "freeze", "write_model"]


@dataclass(frozen=True, eq=False)
class FreezeReport:
    """The frozen network and what was proven about each of its layers."""

    compiled: Compiled

    @property
    def graph(self) -> Graph:
        return self.compiled.graph

    @property
    def proofs(self) -> tuple[Proof, ...]:
        return self.compiled.proofs

    @property
    def steps(self) -> int:
        """Staircase steps that were checked."""
        return sum(proof.steps for proof in self.proofs)


def freeze(
    trained: str | Path, model: str | Path, admit: Admit = anything, progress: Progress = silent
) -> FreezeReport:
    """Read ``trained.onnx``, write ``model.onnx``; ``admit`` and ``progress`` as in
    :func:`spikeloom.frontend.lower.compile_source`.

    Raises SpikeLoomError naming file and node, and what to do.
    """
    compiled = compile_file(trained, admit, named("freeze", progress))
    with about(trained):
        write_model(compiled.graph, model)
    return FreezeReport(compiled)
