"""The simulation itself, on a top whose answer is known: formats, times, stalls, waves, and that
every fault is found out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.manifest import InputFormat, OutputFormat
from spikeloom.ir.number import Code
from spikeloom_sim.network import toolchain
from spikeloom_sim.network.batch import join
from spikeloom_sim.network.beats import pack, unpack, unpack_output
from spikeloom_sim.network.compiler import BuildError
from spikeloom_sim.network.network import Network, ProtocolError, SimulationHang, Stalls

from tests.sim.toy import FAULTS, Toy

GROUP, BEATS, OUTPUTS, STEPS = 9, 8, 10, 4
"""36 bits a beat: a top with a wide port, of which Verilator makes another type, is among the
random networks.
"""


ODD = 'é "b" \\303 $c'
"""A folder's name that Verilator cannot read or write as it is."""


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Network]:
    toys = [
        Toy(steps=STEPS, group=GROUP, beats=BEATS, outputs=OUTPUTS, fault=fault) for fault in FAULTS
    ]
    wide = Toy(steps=16, group=7, beats=3, outputs=2)
    tops = [
        (toy.manifest(), verilog.convert(toy, name="top", emit_src=False)) for toy in (*toys, wide)
    ]
    return dict(
        zip((*FAULTS, "wide"), join(tmp_path_factory.mktemp("toys") / ODD, tops), strict=True)
    )


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << STEPS, (count, GROUP, 1, BEATS))


def answer(words: np.ndarray, outputs: int = OUTPUTS) -> np.ndarray:
    return (np.arange(1, outputs + 1) * words.sum(axis=(1, 2, 3))[:, None] - 1000)[:, :, None, None]


@pytest.mark.parametrize(("steps", "group"), [(1, 1), (1, 9), (3, 5), (8, 4), (16, 3), (5, 13)])
def test_beats_there_and_back(steps: int, group: int) -> None:
    form = InputFormat((group * 2, 3, 2), (1,), Code(steps), group)
    words = np.random.default_rng(steps).integers(0, 1 << steps, (300, *form.shape))
    beats = pack(words, form)
    assert beats.shape == (300, 12, form.beat_bytes)
    np.testing.assert_array_equal(unpack(beats, form), words)
    third = int.from_bytes(beats[1, 2 * 2 + 1].tobytes(), "little")  # position (1, 0), second group
    assert [third >> (c * steps) & ((1 << steps) - 1) for c in range(group)] == words[
        1, group:, 1, 0
    ].tolist()


def test_words_that_do_not_fit() -> None:
    form = InputFormat((2, 1, 1), (2,), Code(3), 2)
    for words in (
        np.full((1, 2, 1, 1), 8),
        np.full((1, 2, 1, 1), -1),
        np.zeros((1, 3, 1, 1), dtype=int),
    ):
        with pytest.raises(SpikeLoomError, match="expected"):
            pack(words, form)


def test_order_of_the_output() -> None:
    values = np.arange(2 * 12).reshape(2, 12)
    assert unpack_output(values, OutputFormat((3, 2, 2), None))[1, 2, 1, 0] == 12 + (2 * 3 + 2)


@pytest.mark.parametrize("mode", ["single", "stream"])
@pytest.mark.parametrize(
    "stalls", [None, Stalls(0.3, 0), Stalls(0, 0.3, 5), Stalls(0.4, 0.4, 9, seed=7)]
)
def test_values(toys: dict[str, Network], mode: str, stalls: Stalls | None) -> None:
    words = images(50)
    result = toys[""].run(words, mode, stalls)  # type: ignore[arg-type]
    np.testing.assert_array_equal(result.values, answer(words))
    assert result.counters["images"] == 50 and result.counters["a.busy"] == 50 * BEATS
    assert (
        (result.last > result.first).all()
        and (result.interval > 0).all()
        and result.cycles == result.last[-1] + 1
    )
    if stalls is None:
        np.testing.assert_array_equal(result.first, np.arange(50) * (BEATS + OUTPUTS))
        np.testing.assert_array_equal(result.latency, BEATS + OUTPUTS)


def test_a_folder_of_any_name(toys: dict[str, Network]) -> None:
    network = toys[""]
    assert network.folder.name == ODD and network.build().parent.parent == network.folder.resolve()
    np.testing.assert_array_equal(network.run(images(1)).values, answer(images(1)))


def test_same_seed_same_cycles(toys: dict[str, Network]) -> None:
    a, b, c = (
        toys[""].run(images(20), stalls=Stalls(0.3, 0.3, 3, seed)).last.tolist()
        for seed in (1, 1, 2)
    )
    assert a == b != c


def test_wide_port(toys: dict[str, Network]) -> None:
    words = np.random.default_rng(1).integers(0, 1 << 16, (9, 7, 1, 3))
    np.testing.assert_array_equal(toys["wide"].run(words).values, answer(words, 2))


def test_no_image(toys: dict[str, Network]) -> None:
    result = toys[""].run(images(0))
    assert result.values.shape == (0, OUTPUTS, 1, 1) and result.cycles == 0


@pytest.mark.parametrize("stalls", [None, Stalls(0.3, 0.3, 3)])
def test_a_hang_is_found_and_named(toys: dict[str, Network], stalls: Stalls | None) -> None:
    with pytest.raises(
        SimulationHang,
        match=(
            "image 1, output 0: no transfer for too long, 15 of 40 input beats were taken; look"
            " at a"
        ),
    ):
        toys["hang"].run(images(5), "stream", stalls)


@pytest.mark.parametrize(
    ("fault", "says"), [("last", "tlast"), ("unstable", "changed"), ("extra", "more than")]
)
def test_a_broken_stream_is_found(toys: dict[str, Network], fault: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        toys[fault].run(images(5), "stream", Stalls(0, 0.4, 3))


def test_one_value_too_many_at_the_very_end(toys: dict[str, Network]) -> None:
    with pytest.raises(ProtocolError, match="more than"):
        toys["extra"].run(images(1))


def test_progress(toys: dict[str, Network]) -> None:
    seen: list[tuple[object, ...]] = []
    toys[""].run(images(2000), progress=lambda *state: seen.append(state))
    assert seen[-1] == ("single", 2000, 2000)


def test_waves_of_chosen_images(tmp_path: Path) -> None:
    toy = Toy(steps=STEPS, group=GROUP, beats=BEATS, outputs=OUTPUTS)
    (network,) = join(
        tmp_path, [(toy.manifest(), verilog.convert(toy, name="top", emit_src=False))]
    )
    result = network.run(images(6), "single", waves=tmp_path / "new" / "ü.fst", images=(2, 3))
    np.testing.assert_array_equal(result.values, answer(images(6)))
    assert result.waves is not None and result.waves.is_file()
    (tmp_path / "taken.vcd").mkdir()
    with pytest.raises(SpikeLoomError, match="taken.vcd: cannot be written"):
        network.run(images(1), waves=tmp_path / "taken.vcd")
    if toolchain.has_fst():
        assert (result.waves.suffix, result.note) == (".fst", "")
        return
    assert result.waves.suffix == ".vcd" and "lz4" in result.note
    text = result.waves.read_text()
    times = [int(line) for line in re.findall(r"^#(\d+)$", text, re.M)]
    period = BEATS + OUTPUTS
    assert "$timescale 1ps" in text and "s_axis_tdata" in text
    assert (
        2 * period * 10_000 <= times[0] <= (2 * period + 1) * 10_000
        and times[-1] <= 4 * period * 10_000
    )


def test_wrong_requests(toys: dict[str, Network], tmp_path: Path) -> None:
    network = toys[""]
    for wrong in ({"waves": "x.txt"}, {"mode": "double"}, {"waves": "x.vcd", "images": (0, 6)}):
        with pytest.raises(SpikeLoomError, match="expected"):
            network.run(images(6), **wrong)  # type: ignore[arg-type]
    with pytest.raises(SpikeLoomError, match="chances"):
        Stalls(idle=1.0)
    with pytest.raises(SpikeLoomError, match="manifest.json"):
        Network(tmp_path)


def test_a_build_that_fails_names_its_log(tmp_path: Path, toys: dict[str, Network]) -> None:
    (network,) = join(tmp_path, [(toys[""].manifest, "module top(input clk")])
    with pytest.raises(
        BuildError, match=r"sim/[0-9a-f]{16}\.log: building the simulation failed: %Error"
    ):
        network.run(images(1))


def test_manifest_of_other_hardware(tmp_path: Path, toys: dict[str, Network]) -> None:
    (tmp_path / "rtl").mkdir()
    (tmp_path / "rtl" / "top.v").write_text("module top; endmodule\n")
    (tmp_path / "manifest.json").write_text(replace(toys[""].manifest, top_sha256="0").to_json())
    with pytest.raises(SpikeLoomError, match="expected the Verilog of manifest.json"):
        Network(tmp_path)
