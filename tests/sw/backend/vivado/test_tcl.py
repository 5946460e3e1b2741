"""Whatever a text is, Tcl reads it back as one word, and runs nothing of it."""

from __future__ import annotations

import tkinter

from hypothesis import example, given
from hypothesis import strategies as st
from spikeloom.backend.vivado.tcl import quoted, settings

# A surrogate is no text, and Tcl 8.6 keeps no zero byte and nothing beyond 16 bits as one letter.
TEXT = st.text(
    st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=30
)


@given(TEXT)
@example('"; exit 3; "')
@example("[exit 3]")
@example("$env(PATH)")
@example("a\\")
@example("}{\n")
@example("\x07\x7f")
def test_every_text_stays_itself(text: str) -> None:
    tcl = tkinter.Tcl()
    tcl.eval("proc exit {args} {error left}")
    assert quoted(text).isascii() and "\n" not in quoted(text)
    tcl.eval(f"set found {quoted(text)}")
    assert tcl.getvar("found") == text
    assert tcl.splitlist(tcl.eval(f"list {quoted(text)}")) == (text,)


@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_every_list_stays_itself(pairs: dict[str, str]) -> None:
    tcl = tkinter.Tcl()
    tcl.eval(settings({"pairs": pairs, "one": "a b", "two": 3}))
    words = tcl.splitlist(tcl.eval("set setting(pairs)"))
    assert dict(zip(words[::2], words[1::2], strict=True)) == pairs
    assert (tcl.eval("set setting(one)"), tcl.eval("set setting(two)")) == ("a b", "3")
