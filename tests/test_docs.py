"""Python in the documentation runs as it stands, from the top of its page to the end."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "training.md"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[str]:
    """The Python of a page, each block on the lines where it stands."""
    return [
        "\n" * text.count("\n", 0, match.start(1)) + match[1] for match in FENCED.finditer(text)
    ]


def test_training_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names: dict[str, Any] = {}
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["accuracy"] > 0.8
    assert {"trained.onnx", "model.onnx"} <= {path.name for path in tmp_path.iterdir()}


def test_all_python_of_the_training_page_is_fenced() -> None:
    """Indented blocks are commands: what is not in a fence is not run."""
    rest = FENCED.sub("", PAGE.read_text(encoding="utf-8"))
    assert "```" not in rest
    indented = re.findall(r"^ {4}(.*)$", rest, re.MULTILINE)
    assert indented and all(line.startswith("spikeloom ") for line in indented)
