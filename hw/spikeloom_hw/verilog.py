"""From Amaranth to Verilog text, which depends on nothing but the component and the packages that
are installed.
"""

from __future__ import annotations

import os
import sys

from amaranth.back import verilog
from amaranth.lib import wiring

DEPTH = 20_000
"""Python calls within each other: the CRC of a wide beat is one expression as deep as the beat is
wide.
"""

CHOICE = "AMARANTH_USE_YOSYS"
"""Environment variable: which Yosys Amaranth takes. It would take one on PATH first, whose text is
another one; and users of the open flow have one there.
"""


def converted(component: wiring.Component, name: str) -> str:
    """The Verilog of a component, whose module has this name."""
    usual, chosen = sys.getrecursionlimit(), os.environ.get(CHOICE)
    sys.setrecursionlimit(max(usual, DEPTH))
    os.environ[CHOICE] = "builtin"
    try:
        return verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    finally:
        sys.setrecursionlimit(usual)
        os.environ.pop(CHOICE)
        if chosen is not None:
            os.environ[CHOICE] = chosen
