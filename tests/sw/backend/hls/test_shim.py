"""The integer types of the shim: every operation on every pair of integers of 1 to 4 bits is what
Python's integers say.
"""

from __future__ import annotations

import operator
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from spikeloom.files import hls_templates

from tests.sw.backend.hls.small import compiler

MOST = 4
HERE = Path(__file__).parent

Kind = int
"""Width of a type, negative where it is signed."""


def wrapped(kind: Kind, value: int) -> int:
    """The lowest bits of a number, as a number of that type."""
    width = abs(kind)
    value &= (1 << width) - 1
    return value - (1 << width) if kind < 0 and value >> (width - 1) else value


def both(a: Kind, b: Kind, more: int = 0) -> Kind:
    """The type that holds all numbers of two, some bits longer."""
    width = max(abs(a) + (b < 0 < a), abs(b) + (a < 0 < b)) + more
    return -width if a < 0 or b < 0 else width


def binary(a: Kind, x: int, b: Kind, y: int) -> Iterator[tuple[Kind, int]]:
    """Types and values of a + b, a - b, a * b, a & b, a | b, a ^ b, and of b assigned to an a."""
    product = abs(a) + abs(b)
    kinds = [
        both(a, b, 1),
        -abs(both(a, b, 1)),
        -product if min(a, b) < 0 else product,
        *[both(a, b)] * 3,
    ]
    signs = (operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor)
    for kind, sign in zip(kinds, signs, strict=True):
        yield kind, wrapped(kind, sign(x, y))
    yield a, wrapped(a, y)


def unary(a: Kind, x: int) -> Iterator[tuple[Kind, int]]:
    """Types and values of -a, of numbers that are too large by 2^width, and of shifts by 0 to MOST
    + 1.
    """
    yield -(abs(a) + 1), -x
    yield a, x
    yield a, x
    for by in range(MOST + 2):
        yield a, wrapped(a, x << by)
        yield a, x >> by


def parsed(fields: list[str]) -> list[tuple[Kind, int]]:
    return [(int(kind), int(value)) for kind, value in (field.split(":") for field in fields)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    program = tmp_path_factory.mktemp("shim") / "shim"
    options = [
        "-std=c++17",
        "-O0",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-value",
        "-fsanitize=undefined",
        "-fno-sanitize-recover",
    ]
    subprocess.run(
        [compiler(), *options, "-I", hls_templates() / "shim", HERE / "shim.cpp", "-o", program],
        check=True,
        timeout=300,
    )
    text = subprocess.run([program], capture_output=True, text=True, check=True, timeout=60).stdout
    return [line.split() for line in text.splitlines()]


def test_every_operation_on_every_small_integer(told: list[list[str]]) -> None:
    pairs = singles = 0
    for line in told[:-2]:
        if len(line) == 12:
            a, x, b, y = map(int, line[:4])
            assert parsed(line[4:11]) == list(binary(a, x, b, y)), line
            assert line[11] == "".join(
                str(int(flag)) for flag in (x == y, x != y, x < y, x > y, x <= y, x >= y)
            ), line
            pairs += 1
        else:
            a, x = map(int, line[:2])
            assert parsed(line[2:-2]) == list(unary(a, x)), line
            assert line[-2] == "".join(str(x >> bit & 1) for bit in range(abs(a))), line
            assert line[-1] == str(int(x != 0)), line
            singles += 1
    numbers = 2 * sum(1 << width for width in range(1, MOST + 1))
    assert (pairs, singles) == (numbers**2, numbers)


def test_bits_and_numbers_of_64(told: list[list[str]]) -> None:
    assert told[-2:] == [["ranges", "1111"], ["wide", "1"]]


@pytest.mark.parametrize(
    "line",
    [
        "ap_int<60> a = 1; ap_int<60> b = 2; (void)(a * b);",  # more than 64 bits
        # Vitis would take it, the shim wants both sides to be of its types.
        "ap_int<8> a = 1; if (a == 1) return 1;",
        "ap_uint<65> a = 0u; ap_uint<65> b = 0u; (void)(a + b);",  # bits alone have no sum
        "ap_uint<4> a = 1; int b = a;",  # only by name
    ],
)
def test_what_is_not_there_does_not_compile(line: str, tmp_path: Path) -> None:
    source = tmp_path / "a.cpp"
    source.write_text(f"#include <ap_int.h>\nint main() {{ {line} return 0; }}\n", encoding="utf-8")
    done = subprocess.run(
        [compiler(), "-std=c++17", "-fsyntax-only", "-I", hls_templates() / "shim", source],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode != 0


def test_a_read_of_an_empty_stream_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a.cpp"
    source.write_text(
        '#include <hls_stream.h>\nint main() { hls::stream<int> s("beats"); s.write(1); s.read();'
        " return s.read(); }\n"
    )
    command = [
        compiler(),
        "-std=c++17",
        "-I",
        hls_templates() / "shim",
        source,
        "-o",
        tmp_path / "a",
    ]
    subprocess.run(command, check=True, timeout=60)
    done = subprocess.run([tmp_path / "a"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "stream beats: read while it is empty" in done.stderr
