"""Text as Tcl takes it: whatever is in it, it stays one word and nothing of it is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Value = str | int | Mapping[str, str]

ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "$": "\\$",
    "[": "\\[",
    "]": "\\]",
    "{": "\\{",
    "}": "\\}",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def quoted(text: str) -> str:
    """One word of Tcl that stands for exactly this text, in ASCII."""
    plain = "".join(ESCAPES.get(letter, letter) for letter in text)
    return (
        '"'
        + "".join(letter if " " <= letter <= "~" else f"\\U{ord(letter):08x}" for letter in plain)
        + '"'
    )


def dictionary(pairs: Mapping[str, str]) -> Iterable[str]:
    """Lines of a list of names and values."""
    yield "[list \\"
    for name, value in pairs.items():
        yield f"    {quoted(name)} {quoted(value)} \\"
    yield "]"


def settings(values: Mapping[str, Value]) -> str:
    """A file that sets the elements of the array ``setting``, and does nothing else."""
    lines = [
        "# Values of this network and board for the other files here; nothing in it is a command"
        " but set and list."
    ]
    for name, value in values.items():
        if isinstance(value, Mapping):
            first, *rest = dictionary(value) if value else ["[list]"]
            lines += [f"set setting({name}) {first}", *rest]
        else:
            lines.append(f"set setting({name}) {quoted(str(value))}")
    return "\n".join(lines) + "\n"
