"""The folder for a board: what is in it, that it stands alone, and that Python 3.10 reads it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend import deploy
from spikeloom.backend.bitstream import bitfile, publish
from spikeloom.cli import main
from spikeloom.driver import environment, selftest
from spikeloom.driver.figures import StreamFigures
from spikeloom.driver.measurement import Measurement
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests
from spikeloom.ir import golden
from spikeloom.mapping.plan import plan_file
from spikeloom_hw.emit import emit

from tests.network_layers import plain_folding, plan_of
from tests.sw.backend.bitstream.files import bitstream, built
from tests.sw.small_network import network

SINCE_311 = {"tomllib", "wsgiref.types", "asyncio.TaskGroup"}
NAMES_SINCE_311 = {
    "Self",
    "StrEnum",
    "ReprEnum",
    "verify",
    "assert_never",
    "LiteralString",
    "Never",
    "Unpack",
    "batched",
    "UTC",
    "chdir",
}


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled and emitted network with a test set."""
    folder, graph = tmp_path_factory.mktemp("net") / "small", network()
    plan = plan_of(graph, {node.name: plain_folding(graph, node) for node in graph.nodes[1:]})
    plan_file.save(plan, folder)
    emit(plan, folder)
    np.save(
        folder / "test_x.npy",
        np.random.default_rng(0).integers(0, 16, (40, 1, 4, 4)).astype(np.float32),
    )
    return folder


@pytest.fixture
def folder(emitted: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(emitted, tmp_path / "small"))


@pytest.fixture
def made(folder: Path) -> Path:
    assert main.run(["deploy", str(folder)]) == 0
    return folder / "deploy"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail with one line; the line."""
    capsys.readouterr()
    assert main.run([str(a) for a in arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    return error


def test_contents(made: Path, folder: Path) -> None:
    found = {path.name for path in made.iterdir()}
    names = {f"{name_of(folder)}.hwh", f"{name_of(folder)}.ipynb"}
    assert found == names | {
        "README.md",
        "expected.json",
        "manifest.json",
        "sample_x.npy",
        "sample_y.npy",
        "selftest.py",
        "spikeloom",
    }
    x = np.load(made / "sample_x.npy")
    assert len(x) == deploy.SAMPLES and np.array_equal(
        np.load(made / "sample_y.npy"), golden.run(plan_file.load(folder).graph, x)
    )
    assert (made / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_expected_spikes_are_the_golden_models(made: Path, folder: Path) -> None:
    graph, x = plan_file.load(folder).graph, np.load(made / "sample_x.npy")
    trace = golden.trace(graph, golden.quantize(graph.input, x))
    rows = json.loads((made / "expected.json").read_text(encoding="utf-8"))["streams"]
    assert [row["name"] for row in rows] == ["input", "conv"]
    for row in rows:
        planes = graph.code(row["name"]).planes(trace[row["name"]])
        assert row["spikes"] == [int(plane.sum()) for plane in planes] and row[
            "nonzero"
        ] == np.count_nonzero(trace[row["name"]])


def test_a_missing_bitstream_is_said_everywhere(
    made: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (made / "README.md").read_text(encoding="utf-8")
    assert (
        "The bitstream is still missing" in text
        and "builds it for xc7z020clg400-1" in text
        and deploy.COMMAND in text
    )
    assert selftest.main(made) == 2
    line = capsys.readouterr().err
    assert (
        line.count("\n") == 1
        and "the bitstream is still missing" in line
        and "spikeloom bitstream" in line
    )
    assert main.run(["deploy", str(folder)]) == 0
    assert "The bitstream is still missing" in capsys.readouterr().out


def name_of(folder: Path) -> str:
    return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["name"])


def test_a_bitstream_goes_with_its_own_handoff_file(folder: Path) -> None:
    name = name_of(folder)
    bit = folder / f"{name}.bit"
    bitfile.write(bit, bitstream(manifests.load(folder)))
    with pytest.raises(SpikeLoomError, match="expected its hardware handoff file"):
        deploy.deploy(
            folder, plan_file.load(folder), np.load(folder / "test_x.npy"), folder / "out"
        )
    (folder / f"{name}.hwh").write_text("from Vivado", encoding="utf-8")
    assert main.run(["deploy", str(folder), "-o", str(folder / "out")]) == 0
    assert (folder / "out" / f"{name}.bit").read_bytes() == bit.read_bytes()
    assert (folder / "out" / f"{name}.hwh").read_text(encoding="utf-8") == "from Vivado"
    assert "still missing" not in (folder / "out" / "README.md").read_text(encoding="utf-8")
    bit.write_bytes(b"bits")
    with pytest.raises(SpikeLoomError, match="expected a bitstream"):
        deploy.deploy(
            folder, plan_file.load(folder), np.load(folder / "test_x.npy"), folder / "out"
        )


def test_a_bitstream_outlives_the_engine_that_it_was_made_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emitting anew would make it one of other hardware; without a bitstream, or with another plan,
    the engine of today emits.
    """
    plan, mark = plan_file.load(folder), folder / "rtl" / "engine.sha256"
    emissions: list[Path] = []
    monkeypatch.setattr(
        "spikeloom.accelerator.Accelerator.emit",
        lambda self: emissions.append(emit(self.plan, self.folder)),
    )
    mark.write_text("an older one", encoding="utf-8")
    monkeypatch.setattr(deploy, "find_bit", lambda folder, manifest: folder / "net.bit")
    assert deploy.has_bitstream(folder, plan) and not deploy.has_bitstream(folder / "rtl", plan)
    monkeypatch.setattr(deploy, "deploy", lambda *given: deploy.Deployed(folder, ""))
    assert main.run(["deploy", str(folder)]) == 0 and not emissions
    assert not deploy.has_bitstream(folder, replace(plan, clock_mhz=42.0))
    monkeypatch.setattr(deploy, "find_bit", lambda folder, manifest: None)
    assert (
        main.run(["deploy", str(folder)]) == 0
        and len(emissions) == 1
        and mark.read_text(encoding="utf-8") != "an older one"
    )


def test_a_published_bitstream_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(publish, "bitstreams", lambda: tmp_path / "bitstreams")
    name, manifest = name_of(folder), manifests.load(folder)
    place = publish.publish(
        built(tmp_path / "work", manifest), folder, publish.place(folder, manifest)
    )
    assert main.run(["deploy", str(folder)]) == 0
    assert (folder / "deploy" / f"{name}.bit").read_bytes() == (place / f"{name}.bit").read_bytes()
    plan = replace(plan_file.load(folder), clock_mhz=42.0)
    plan_file.save(plan, folder)
    emit(plan, folder)
    x = np.load(folder / "test_x.npy")
    deploy.deploy(folder, plan, x, folder / "out")
    assert manifests.load(folder / "out").identity == manifest.identity, (
        "the same network for another clock: its own manifest goes with it"
    )
    with pytest.raises(SpikeLoomError, match="holds the bitstream of another network"):
        deploy.find_bit(folder, replace(manifest, top_sha256="0" * 64))
    (place / f"{name}.bit").write_bytes(b"x")
    with pytest.raises(SpikeLoomError, match="is not the file that was published"):
        deploy.deploy(folder, plan, x, folder / "out")


def test_an_older_folder_is_replaced_and_nothing_else(
    made: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "old.txt").write_text("old", encoding="utf-8")
    assert main.run(["deploy", str(folder)]) == 0 and not (made / "old.txt").exists()
    other = folder / "mine"
    other.mkdir()
    (other / "thesis.tex").write_text("precious", encoding="utf-8")
    assert "choose another -o" in said(capsys, "deploy", folder, "-o", other)
    assert (other / "thesis.tex").exists() and not [
        path for path in folder.iterdir() if path.name.startswith(".")
    ]


def test_folders_that_are_not_ready(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(SpikeLoomError, match="run 'spikeloom emit' first"):
        deploy.deploy(
            folder, plan_file.load(folder), np.load(folder / "test_x.npy"), folder / "out"
        )
    assert main.run(["deploy", str(folder)]) == 0 and (folder / "manifest.json").exists()
    assert "plan.json" in said(capsys, "deploy", tmp_path / "nothing")
    assert "plan.json" in said(capsys, "measure", tmp_path / "nothing")
    (folder / "test_x.npy").unlink()
    assert "name an input with --input" in said(capsys, "deploy", folder) and "--input" in said(
        capsys, "measure", folder
    )


def test_the_same_bytes_every_time(made: Path, folder: Path) -> None:
    before = {
        path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()
    }
    assert main.run(["deploy", str(folder)]) == 0
    assert before == {
        path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()
    }


def test_the_notebook_is_one(made: Path) -> None:
    import nbformat

    (path,) = made.glob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert f'Accelerator("{path.stem}.bit")' in code and "{" not in code.replace('f"{', "").replace(
        "{rate", ""
    )


def test_the_driver_stands_alone(made: Path) -> None:
    """In the folder, with numpy and without this repository's packages, every module is there and
    nothing heavy comes in.
    """
    assert not [
        path
        for path in made.rglob("*")
        if path.suffix in (".pyc", ".cpp") or path.name == "golden.py"
    ]
    check = (
        "import sys, numpy; here = sys.argv[1]; sys.path.insert(0, here); before ="
        " set(sys.modules); import spikeloom.driver.selftest\nours = [m.__file__ for n, m in"
        " sys.modules.items() if n.split('.')[0] == 'spikeloom']\nassert ours and"
        " all(file.startswith(here) for file in ours), ours\nprint(' '.join({n.split('.')[0] for n"
        " in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check, str(made)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=made,
    )
    assert set(done.stdout.split()) <= {"spikeloom", "numpy"}


def test_selftest_says_how_to_start_it(made: Path, tmp_path: Path) -> None:
    """With a Python that lacks numpy or pynq, and from anywhere."""
    (tmp_path / "numpy.py").write_text("raise ImportError('no numpy here')", encoding="utf-8")
    code = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(made / "selftest.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (
        done.returncode == 2
        and done.stderr.count("\n") == 1
        and deploy.COMMAND in done.stderr
        and "no numpy here" in done.stderr
    )
    done = subprocess.run(
        [sys.executable, str(made / "selftest.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
    )
    assert done.returncode == 2 and "the bitstream is still missing" in done.stderr


def test_the_command_is_the_drivers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["selftest.py"])
    assert environment.command() == deploy.COMMAND


def later(path: Path) -> set[str]:
    """What a file uses that Python 3.10 does not have."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.TryStar)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = {alias.name for alias in node.names}
            modules = {node.module or ""} if isinstance(node, ast.ImportFrom) else names
            found |= modules & SINCE_311 | names & NAMES_SINCE_311
    return found


def test_python_3_10_reads_it() -> None:
    found = {str(path): later(path) for path in deploy.modules().values()}
    assert not {path: names for path, names in found.items() if names}


def test_lint_for_python_3_10() -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--target-version",
        "py310",
        "--select",
        "E9,F,UP",
    ]
    done = subprocess.run(
        [*command, *map(str, deploy.modules().values())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_first_difference_of_outputs() -> None:
    y = np.arange(6.0).reshape(2, 3)
    wrong = y.copy()
    wrong[1, 2] = np.nextafter(wrong[1, 2], 9)
    assert selftest.output_difference(y, y) is None
    assert "image 1, output [2]: expected 5.0" in str(selftest.output_difference(y, wrong))
    assert "expected shape (2, 3), found (3,)" in str(selftest.output_difference(y, y[0]))


def test_first_layer_with_other_spikes() -> None:
    measured = Measurement.__new__(Measurement)
    object.__setattr__(
        measured, "streams", (StreamFigures("a", 9, (1, 2), 3), StreamFigures("b", 9, (4,), 4))
    )
    rows = [
        {"name": "a", "spikes": [1, 2], "nonzero": 3},
        {"name": "b", "spikes": [4], "nonzero": 4},
    ]
    assert selftest.spike_difference(rows, measured) is None
    assert "layer a, plane 2: expected 3, counted 2" in str(
        selftest.spike_difference([{**rows[0], "spikes": [1, 3]}], measured)
    )
    object.__setattr__(measured, "streams", (StreamFigures("a", 9, (1, 2), 3, 7),))
    assert selftest.spike_difference([{**rows[0], "crc": 7}], measured) is None
    assert "words differ first at layer a" in str(
        selftest.spike_difference([{**rows[0], "crc": 8}], measured)
    )


def test_first_layer_with_other_words() -> None:
    measured = Measurement.__new__(Measurement)
    object.__setattr__(
        measured, "streams", (StreamFigures("a", 9, (1, 2), 3), StreamFigures("b", 9, (4,), 4))
    )
    rows = [
        {"name": "a", "spikes": [1, 2], "nonzero": 3},
        {"name": "b", "spikes": [4], "nonzero": 4},
    ]
    assert "layer b: expected 5, counted 4" in str(
        selftest.spike_difference([rows[0], {**rows[1], "nonzero": 5}], measured)
    )
