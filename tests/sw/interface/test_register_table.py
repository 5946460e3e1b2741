"""The documentation shows the registers that there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.register_table import BEGIN, END, register_table, with_table
from spikeloom.interface.registers import REGISTERS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "registers.md"


def test_the_page_is_up_to_date() -> None:
    """Where this fails: ``python -m spikeloom.interface.register_table
    docs/reference/registers.md``.
    """
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text, "docs/reference/registers.md") == text


def test_the_table_is_whole() -> None:
    table = register_table()
    for register in REGISTERS:
        assert (
            f"| `0x{register.offset:02X}` | `{register.name}`" in table and register.text in table
        )
        for field in register.fields:
            assert f"`{field.name}`" in table and field.text in table
    assert "| 7:0 |" in table and "`identity` × 8" in table


def test_a_page_without_markers() -> None:
    for text in ("", BEGIN, END):
        with pytest.raises(SpikeLoomError, match="docs/x.md: expected the lines"):
            with_table(text, "docs/x.md")
