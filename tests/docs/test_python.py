"""Python in the documentation runs as it stands, from the top of its page to the end, and prints
what the page says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, Page


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language == "python" for b in page.blocks)], ids=str
)
def test_python_of_a_page(page: Page, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for block, following in zip(page.blocks, (*page.blocks[1:], None), strict=True):
        if block.language != "python":
            continue
        capsys.readouterr()
        code = "\n" * (block.line - 1) + block.text
        exec(compile(code, str(page), "exec"), names)
        if following is not None and following.language == "text" and "print(" in block.text:
            assert capsys.readouterr().out == following.text, f"{page}:{following.line}"
    if page.path.name == "own-network.md":
        assert names["accuracy"] > 0.8
        assert {"trained.onnx", "model.onnx"} <= {path.name for path in place.iterdir()}
