"""The notebook in the documentation runs from top to bottom, and what it shows is what it gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "docs" / "tutorials" / "first-network.ipynb"


def printed(notebook: Any) -> str:
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    return "".join(
        output.text
        for output in outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


def test_notebook_runs_and_its_rungs_agree(tmp_path: Path) -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    fresh = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        fresh, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    for notebook in (stored, fresh):
        text = printed(notebook)
        assert "equal, output by output: torch = golden = RTL" in text
        accuracy = float(re.findall(r"frozen accuracy ([\d.]+)", text)[0])
        assert accuracy > 0.9
    names = [
        output.name
        for cell in fresh.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    assert "stderr" not in names


def test_stored_notebook_was_executed_in_order_without_errors() -> None:
    cells = [
        cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"
    ]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output.output_type != "error" for cell in cells for output in cell.outputs)
