"""The command that regenerates the calibration set, on a set of two components."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from spikeloom.backend.yosys.cells import NOTHING
from spikeloom.mapping.plan import plan_file

from tests.synthesis import baselines, calibrate
from tests.synthesis.chosen import chosen, sort
from tests.synthesis.matching import matches, split
from tests.synthesis.measuring import MODULE, hollow
from tests.synthesis.wide import wide


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two components, one of the wide ones, no shell, files of their own."""
    some = tuple(choice for choice in chosen() if choice.part.kind == "source")[:2]
    monkeypatch.setattr(calibrate, "chosen", lambda: some)
    broad = tuple(one for one in wide() if one.what == "scan")[:1]
    monkeypatch.setattr(calibrate, "wide", lambda: broad)
    monkeypatch.setattr(calibrate, "SHELLS", ())
    monkeypatch.setattr(calibrate, "SET", tmp_path / "calibration.json")
    monkeypatch.setattr(calibrate, "COEFFICIENTS", tmp_path / "coefficients.json")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["calibrate", *words])
    calibrate.main()


def test_measured_once_then_fitted(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny / "net"
    folder.mkdir()
    plan_file.save(baselines.layer(), folder)
    whole = json.loads(
        Path(calibrate.__file__).with_name("calibration.json").read_text(encoding="utf-8")
    )
    run(monkeypatch, "measure", "--network", str(folder))
    data = json.loads((tiny / "calibration.json").read_text(encoding="utf-8"))
    for kind, count in (("components", 2), ("wide", 1)):
        assert (
            data[kind] == {name: whole[kind][name] for name in data[kind]}
            and len(data[kind]) == count
        )
    network = calibrate.trained(data)[0]
    known = json.loads(baselines.FILE.read_text(encoding="utf-8"))
    body = sum(
        (match.taken for match in network.matches() if match.parts[0].part == "body"), NOTHING
    )
    assert (body.ff, body.lutram) == (known["body"]["ff"], known["body"]["lutram"]) and abs(
        body.lut - known["body"]["lut"]
    ) <= 5

    before = (tiny / "calibration.json").read_bytes()
    monkeypatch.setattr(calibrate, "measure", lambda *_: pytest.fail("synthesised again"))
    run(monkeypatch, "measure", "--network", str(folder))
    assert (tiny / "calibration.json").read_bytes() == before
    run(monkeypatch, "fit")
    made = json.loads((tiny / "coefficients.json").read_text(encoding="utf-8"))
    assert (
        made["how"] in capsys.readouterr().out and made["lut"]["scan"] and "within" in made["how"]
    )


def test_the_choice_holds_some_of_every_sort() -> None:
    some = chosen()
    assert [choice.name for choice in some] == [choice.name for choice in chosen.__wrapped__()]
    assert len({choice.name for choice in some}) == len(some)
    kinds = {sort(choice.part) for choice in some}
    for word in (
        "event body",
        "dense body",
        "parallel body",
        "depthwise body",
        "max body",
        "spikepack head",
        "table head",
        "lif head",
    ):
        assert any(kind.startswith(word) for kind in kinds), word
    for word in ("negate", "multiplied", "tie", "skip", "partial", "held"):
        assert any(word in kind.split() for kind in kinds), word


def test_cells_without_a_part_are_no_secret() -> None:
    plan = baselines.layer()
    parts = calibrate.network_parts(plan)
    with pytest.raises(ValueError, match="without cells: .*without a part: .*'odd'"):
        matches(parts, {"odd": calibrate.taken_of([1, 0, 0, 0, 0, 0])}, ("conv",))


def test_places_are_split() -> None:
    assert split("n1_body.scan0") == ("n1_body", "scan0") and split("n1.skip_body.results") == (
        "n1.skip_body",
        "results",
    )
    assert split("") == () and split("n1.skip_source") == ("n1.skip_source",)


def test_hollow_keeps_one_module_and_its_weights() -> None:
    def module(name: str, wire: str) -> str:
        return f"module {name}(x);\n  input x;\n  wire {wire};\nendmodule\n"

    kept, gone = (
        ["\\a.weights0 ", "\\a.weights12_3 ", "\\a.weights0.memory "],
        ["\\a.b ", "\\a.weights0_loader "],
    )
    text = "\n".join(
        [
            *(module(name, f"in{k}") for k, name in enumerate(kept)),
            *(module(name, "out") for name in gone),
            module("a", "own"),
        ]
    )
    made = hollow(text, "a", "c")
    assert [match.group(1) for match in MODULE.finditer(made)] == [
        *(name.strip() for name in (*kept, *gone)),
        "c",
    ]
    assert made.count("(* blackbox *)") == len(gone) and "wire out" not in made
    assert all(f"wire {wire};" in made for wire in ("own", "in0", "in1", "in2"))
