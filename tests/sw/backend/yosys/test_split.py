"""Every emitted module by itself: nothing of it is lost, and what is the same has the same name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.backend.yosys.split import HEADER, plain, split
from spikeloom.errors import SpikeLoomError
from spikeloom_hw.verilog import converted

from tests.sw.backend.yosys.small import emitted


class Adder(wiring.Component):
    def __init__(self, width: int, step: int = 1):
        self.step = step
        super().__init__({"a": In(width), "q": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal.like(self.a)
        with m.If(self.a != 0):
            m.d.sync += held.eq(self.a + held + self.step)
        m.d.comb += self.q.eq(held)
        return m


class Pair(wiring.Component):
    """Two modules in a third."""

    def __init__(self, first: Adder, second: Adder):
        self.parts = (first, second)
        super().__init__({"a": In(8), "q": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.first, m.submodules.second = first, second = self.parts
        m.d.comb += [first.a.eq(self.a), second.a.eq(first.q), self.q.eq(second.q)]
        return m


def pair(*parts: Adder) -> str:
    return converted(Pair(*parts), "pair")


def test_the_same_module_has_one_name() -> None:
    made = split([pair(Adder(8), Adder(8))])
    assert made.keys() == {"pair", "pair.first", "pair.second"}
    assert made["pair.first"] == made["pair.second"] and made["pair"].inside == {
        "first": "pair.first",
        "second": "pair.second",
    }
    assert len(made["pair"].stubs) == 1 and made["pair"].verilog.count(min(made["pair"].stubs)) == 2


def test_another_module_has_another() -> None:
    """And what is around it has the same still, while its ports are."""
    same, other, wider = (
        split([pair(Adder(8), last)]) for last in (Adder(8), Adder(8, step=2), Adder(9))
    )
    assert len({made["pair.second"].key for made in (same, other, wider)}) == 3
    assert (
        same["pair"] == other["pair"]
        and same["pair"].key != wider["pair"].key
        and len(wider["pair"].stubs) == 2
    )


def test_whole_network(tmp_path: Path) -> None:
    """Every module is in one other, and none keeps a name of its own or of the network."""
    made = emitted(tmp_path, "pynq-z2")
    texts = [
        (made.folder / "rtl" / name).read_text(encoding="utf-8") for name in ("top.v", "shell.v")
    ]
    modules = split(texts)
    assert (
        modules.keys() == {plain(name) for text in texts for name in HEADER.findall(text)}
        and len(modules) > 25
    )
    inside = Counter(kind for module in modules.values() for kind in module.inside.values())
    assert inside == Counter(modules.keys() - {"shell"})
    for name, module in modules.items():
        assert module.verilog.startswith(f"module {module.key} (") and not re.search(
            rf"\\?{re.escape(name)} +\w+ \(", module.verilog
        )
        assert all(stub in module.verilog for stub in module.stubs)
        lines = next(
            text
            for text in texts
            if re.search(rf"^module \\?{re.escape(name)} ?\(", text, re.MULTILINE)
        ).splitlines()
        header = next(
            k for k, line in enumerate(lines) if re.match(rf"module \\?{re.escape(name)} ?\(", line)
        )
        start = next(k for k, line in enumerate(lines) if k >= header and line.endswith(");"))
        assert module.verilog.count("\n") == lines.index("endmodule", start) - start + 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "module a(x);\n  input x;\nendmodule\nmodule a(x);\n  input x;\nendmodule\n",
            "of the same name",
        ),
        ("module a(x);\n  input x;\nendmodule\nmodule b (x;\nendmodule\n", "b"),
        ("module a(x);\n  input x;\n", "a"),
        (" module a (input x); endmodule", "a"),
    ],
)
def test_other_verilog(text: str, name: str) -> None:
    with pytest.raises(
        SpikeLoomError,
        match=f"module {name}: expected Verilog of 'spikeloom emit', found another's",
    ):
        split([text])
