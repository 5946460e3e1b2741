"""Block RAM, LUTs or logic: the rules say for every shape what Yosys made of it."""

from __future__ import annotations

import json

import pytest
from spikeloom.mapping.estimate.memories import Memory, loaded, logic, storage, table

from tests.synthesis.memories import FILE, Shape, shapes

DATA = json.loads(FILE.read_text(encoding="utf-8"))["shapes"]


def expected(shape: Shape, family: str) -> Memory:
    if shape.shared:
        return loaded(shape.width, shape.depth, shape.readers, shape.kind)
    if shape.written:
        return storage(shape.width, shape.depth, shape.readers, shape.registered, family)
    return table(shape.width, shape.depth, shape.readers, shape.registered, shape.kind)


def test_the_file_is_of_these_shapes() -> None:
    names = Shape.__dataclass_fields__
    assert [Shape(**{name: row[name] for name in names}) for row in DATA] == list(shapes())


@pytest.mark.parametrize("family", ["xc7", "xcup"])
def test_every_shape_exactly(family: str) -> None:
    for shape, row in zip(shapes(), DATA, strict=True):
        found = expected(shape, family)
        assert [found.lutram, found.bram18, found.uram] == row[family], shape


def test_all_ways_are_in_the_file() -> None:
    """Else the test above would prove less than it says."""
    for written in (False, True):
        rows = [row["xc7"] for row in DATA if row["written"] == written and row["registered"]]
        assert any(row[1] for row in rows) and any(not row[1] for row in rows)
    assert {row["readers"] for row in DATA if row["xc7"][1]} > {1} and any(
        row["xcup"][2] for row in DATA
    )


def test_what_must_be_block_memory_is_and_what_must_not_is_not() -> None:
    rows = {kind: [row["xc7"] for row in DATA if row["kind"] == kind] for kind in ("block", "lut")}
    assert (
        len(rows["block"]) > 10
        and all(row[1] for row in rows["block"])
        and not any(row[1] for row in rows["lut"])
    )


def test_registers_are_inside_of_block_memory() -> None:
    assert (
        storage(36, 512).ff == 0
        and storage(36, 64).ff == 36
        and storage(36, 64, readers=2).ff == 72
    )
    assert (
        table(36, 512).ff == 0
        and table(36, 64).ff == 36
        and table(36, 64, registered=False).ff == 0
    )


def test_a_large_buffer_is_ultraram_where_there_is_one() -> None:
    assert (
        storage(72, 4096, family="xcup") == Memory(uram=1)
        and storage(72, 4096, family="xc7").bram18 == 16
    )
    assert storage(72, 512, family="xcup").bram18 == 2


def test_more_rows_or_bits_never_take_fewer_luts() -> None:
    """Where nothing goes to block RAM."""
    for width in (1, 3, 8, 17, 36, 60):
        for depth in (1, 2, 16, 33, 64, 100, 500, 1024, 3000):
            for more in ((width + 1, depth), (width, depth + 1)):
                assert (
                    storage(width, depth, registered=False).lutram
                    <= storage(*more, registered=False).lutram
                )
                assert (
                    table(width, depth, registered=False).logic
                    <= table(*more, registered=False).logic
                )


def test_tables_in_logic() -> None:
    """16 bits of random contents, as Yosys 0.70 made them for xc7."""
    made = {20: 17, 64: 16, 65: 17, 73: 32, 128: 32, 129: 33, 145: 64, 256: 64, 257: 65}
    found = {depth: logic(16, depth) for depth in made}
    assert not {depth: luts for depth, luts in found.items() if abs(luts - made[depth]) > 1}


def test_deep_tables_in_logic() -> None:
    made = {(16, 400): 145, (16, 577): 211, (8, 768): 127, (8, 1024): 194, (8, 2048): 371}
    found = {shape: logic(*shape) for shape in made}
    assert not {
        shape: luts for shape, luts in found.items() if abs(luts - made[shape]) > 0.15 * made[shape]
    }
