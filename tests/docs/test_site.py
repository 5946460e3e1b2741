"""The pages build with mkdocs, and nothing of it is amiss."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    """Every page is there, and no part of it is fetched from elsewhere."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed; pip install 'spikeloom[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    built = sorted(tmp_path.rglob("*.html"))
    assert len(built) >= len(PAGES) - 1
    for path in built:
        text = path.read_text(encoding="utf-8")
        assert 'src="http' not in text and "fonts.googleapis" not in text, path
