"""What comes back from the open tools: whether it belongs together, and what is believed of it. No
tool runs here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.backend.bitstream import bitfile
from spikeloom.backend.nextpnr import fingerprint, flow, steps
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import save_text
from spikeloom.interface import manifest as manifests
from spikeloom_hw.emit import ps7_text

from tests.sw.backend.bitstream.files import bitstream
from tests.sw.backend.conftest import emit

LOG = "Info: Max frequency for clock 'clk': 81.25 MHz (PASS at 50.00 MHz)\n"

CELLS = {"PS7": 1, "BUFG": 1, "LUT6": 4000, "FDRE": 5000, "RAMB36E1": 2}


def counted(**cells: object) -> str:
    return json.dumps({"design": {"num_cells_by_type": {**CELLS, **cells}}})


def report(achieved: str = "81.25", used: str = "4000") -> str:
    return (
        f'{{"fmax": {{"clk": {{"achieved": {achieved}}}}}, "utilization": {{"SLICE_LUTX": {{"used":'
        f' {used}, "available": 106400}}}}}}'
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a whole run leaves it. Nobody writes into it."""
    network, target = (
        tmp_path_factory.mktemp("net") / "toy",
        tmp_path_factory.mktemp("made") / "open",
    )
    manifest = emit(network, "pynq-z2", 50.0)
    save_text(network / "rtl" / "ps7_top.v", ps7_text(manifest))
    flow.prepare(network, target)
    bitfile.write(target / steps.BIT, bitstream(manifest))
    save_text(target / "nextpnr.log", LOG)
    save_text(target / steps.CELLS, counted())
    fingerprint.write(target)
    return target


@pytest.fixture
def ready(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "open"))


def refused(folder: Path, *words: str) -> None:
    """In one line, with these words, and with nothing built."""
    with pytest.raises(SpikeLoomError) as caught:
        flow.collect(folder)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600 and all(word in message for word in words), (
        message
    )
    assert not any((folder / name).exists() for name in flow.RESULTS)


def test_what_a_whole_run_has_left(ready: Path) -> None:
    built = flow.collect(ready)
    assert bitfile.read(built.bit).user_id == bitfile.identity_word(manifests.load(ready).identity)
    assert built.report["fmax_mhz"] == 81.25 and built.report["synthesis"]["lut"] == 4000
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", steps.SUMS],
        cwd=ready,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    names = [line.split("  ")[1] for line in (ready / steps.SUMS).read_text().splitlines()]
    assert sorted(names) == sorted(
        [
            "manifest.json",
            "ps7_top.bit",
            *(f"rtl/{path.name}" for path in (ready / "rtl").iterdir()),
        ]
    )


def other_bitstream(folder: Path) -> None:
    found = bitfile.read(folder / steps.BIT)
    bitfile.write(folder / steps.BIT, replace(found, data=found.data[:-1] + b"?"))


def other_manifest(folder: Path) -> None:
    """The folder of another clock, with the results of this one copied into it."""
    network = folder.parent / "net"
    manifest = emit(network, "pynq-z2", 40.0)
    save_text(network / "rtl" / "ps7_top.v", ps7_text(manifest))
    flow.prepare(network, folder.parent / "other")
    for path in (folder.parent / "other").rglob("*"):
        if path.is_file():
            shutil.copyfile(path, folder / path.relative_to(folder.parent / "other"))


def empty(folder: Path) -> None:
    (folder / "rtl" / "ps7_top.v").write_text("")


def edited(folder: Path) -> None:
    with (folder / "rtl" / "ps7_top.v").open("a") as stream:
        stream.write("\n")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (other_bitstream, "ps7_top.bit"),
        (other_manifest, "manifest.json"),
        (empty, "rtl/ps7_top.v"),
        (edited, "rtl/ps7_top.v"),
    ],
)
def test_a_file_of_another_run(ready: Path, change: Callable[[Path], None], name: str) -> None:
    flow.collect(ready)
    change(ready)
    refused(
        ready,
        f"{ready / name}: expected the file of the run that made ps7_top.bit",
        ", found ",
        "run 'sh run.sh' there",
    )


@pytest.mark.parametrize("name", steps.SUMMED)
def test_a_sum_of_something_else(ready: Path, name: str) -> None:
    """Each of the files counts, and each line."""
    path = ready / steps.SUMS
    lines = path.read_text().splitlines()
    (line,) = (line for line in lines if line.endswith(f"  {name}"))
    path.write_text(
        "\n".join("0" * 64 + line[64:] if line.endswith(f"  {name}") else line for line in lines)
        + "\n"
    )
    refused(ready, f"{ready / name}: expected", "SHA-256 000000000000", "run 'sh run.sh' there")
    path.write_text("".join(f"{line}\n" for line in lines if not line.endswith(f"  {name}")))
    refused(ready, f"{path}: expected one line each for manifest.json", "run 'sh run.sh' there")


@pytest.mark.parametrize(
    "text", ["", "\0\xff", "made\n" * 5, "0" * 64 + "  manifest.json\n" * 5, "x" * 100_000]
)
def test_sums_that_are_none(ready: Path, text: str) -> None:
    (ready / steps.SUMS).write_text(text, encoding="latin-1")
    refused(ready, f"{ready / steps.SUMS}: expected one line each for manifest.json")


def test_a_run_that_has_not_ended(ready: Path) -> None:
    (ready / steps.SUMS).unlink()
    refused(ready, f"{ready / steps.SUMS}: expected", "found no such file", "run 'sh run.sh' there")
    (ready / steps.SUMS).mkdir()
    refused(ready, f"{ready / steps.SUMS}: expected", "found a folder")


FREQUENCIES = [
    "1.2.3",
    ".",
    "99999999999999",
    "0",
    "nan",
    "-5",
    "inf",
    "1_0",
    "",
    "9" * 5000,
    "0.99",
    "2000.5",
    "\u0663\u0663",
]


@pytest.mark.parametrize("text", FREQUENCIES)
def test_frequencies_of_a_log_that_cannot_be(ready: Path, text: str) -> None:
    (ready / "nextpnr.log").write_text(
        LOG + f"Info: Max frequency for clock 'b': {text} MHz (PASS at 50.00 MHz)\n",
        encoding="utf-8",
    )
    refused(
        ready, f"{ready / 'nextpnr.log'}: expected 1 to 2000 MHz for clock 'b', found ", "look at"
    )


@pytest.mark.parametrize("text", ["81", "81.25", "81.25 kHz", "MHz"])
def test_a_log_that_was_cut_short(ready: Path, text: str) -> None:
    (ready / "nextpnr.log").write_text(LOG + f"Info: Max frequency for clock 'clk': {text}")
    refused(ready, "expected 1 to 2000 MHz for clock 'clk'")


@pytest.mark.parametrize(
    "achieved",
    ["Infinity", "-Infinity", "NaN", "1e999", "-5", "0", "true", "null", '"nan"', "[]", "1" * 4000],
)
def test_frequencies_of_a_report_that_cannot_be(ready: Path, achieved: str) -> None:
    (ready / steps.REPORT).write_text(report(achieved=achieved))
    refused(ready, f"{ready / steps.REPORT}: expected 1 to 2000 MHz for clock 'clk', found ")


COUNTS = ["1e999", "NaN", "-1", "1.5", "true", "null", "{}", "1" * 4000, "99999999999"]


@pytest.mark.parametrize("number", COUNTS)
def test_counts_that_cannot_be(ready: Path, number: str) -> None:
    (ready / steps.REPORT).write_text(report(used=number))
    refused(ready, f"{ready / steps.REPORT}: expected how many SLICE_LUTX there are, found ")
    (ready / steps.REPORT).unlink()
    (ready / steps.CELLS).write_text(counted().replace("4000", number))
    refused(ready, f"{ready / steps.CELLS}: expected how many 'LUT6' there are, found ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        "{}",
        '{"design": {"num_cells_by_type": []}}',
        '{"a": ' + "1" * 5000 + "}",
        "\0",
    ],
)
@pytest.mark.parametrize("name", [steps.CELLS, steps.REPORT])
def test_json_that_is_something_else(ready: Path, name: str, text: str) -> None:
    (ready / name).write_text(text)
    refused(ready, f"{ready / name}: expected ", ", found ")


def test_sites_of_a_log_with_too_many_digits(ready: Path) -> None:
    (ready / "nextpnr.log").write_text(f"{LOG}Info: \tSLICE_LUTX: {'9' * 5000}/106400 4%\n")
    refused(ready, f"{ready / 'nextpnr.log'}: expected how many SLICE_LUTX there are")


def test_cells_that_are_not_known(ready: Path) -> None:
    (ready / steps.CELLS).write_text(counted(LUT7=3, MYSTERY=70_000, **{"$mul\n": 1}))
    refused(
        ready,
        f"{ready / steps.CELLS}: expected cells of which it is known what they take, found"
        " '$mul\\n', 'LUT7', 'MYSTERY';",
    )
    (ready / steps.CELLS).write_text(counted(PS7=0))
    refused(ready, f"{ready / steps.CELLS}: expected a design with one PS7, found 0")


@pytest.mark.parametrize(
    ("cells", "what"),
    [({"LUT6": 53_201}, "53200 lut"), ({"RAMB18E1": 277}, "140 bram36"), ({"FDRE": 106_401}, "ff")],
)
def test_a_design_that_came_back_too_large(
    ready: Path, cells: dict[str, object], what: str
) -> None:
    (ready / steps.CELLS).write_text(counted(**cells))
    with pytest.raises(
        CapacityError, match=f"pynq-z2: expected .*{what}.* or fewer, the design takes"
    ):
        flow.collect(ready)
    refused(ready, what)


@pytest.mark.parametrize("with_report", [False, True])
def test_without_a_log(ready: Path, with_report: bool) -> None:
    if with_report:
        (ready / steps.REPORT).write_text(report())
    log = ready / "nextpnr.log"
    log.unlink()
    refused(ready, f"{log}: expected the log of nextpnr, found no such file; run 'sh run.sh' there")
    log.mkdir()
    refused(ready, f"{log}: expected the log of nextpnr, found a folder; run 'sh run.sh' there")
