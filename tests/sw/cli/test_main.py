"""The command line: every box reads and writes its folder, and bad input ends in one line, status
2, and nothing half-written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from spikeloom.cli import main
from spikeloom.frontend.onnx import read
from spikeloom.ir.graph import Graph, Input, Layer
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.number import Code
from spikeloom.mapping.plan import plan_file

from tests import signals
from tests.network_layers import plain_folding, plan_of

QONNX = "qonnx.custom_op.general"


def quant(name: str, tensor: str, bits: int, signed: int) -> tuple[list[Any], list[Any]]:
    """A Quant node of scale 1 and its parameters."""
    parameters = [
        numpy_helper.from_array(np.array(v, dtype=np.float32), f"{name}_{k}")
        for k, v in (("s", 1), ("z", 0), ("b", bits))
    ]
    attributes = {"signed": signed, "narrow": 0, "rounding_mode": "ROUND"}
    return [
        helper.make_node(
            "Quant",
            [tensor, *(p.name for p in parameters)],
            [name],
            name=name,
            domain=QONNX,
            **attributes,
        )
    ], parameters


def tiny(
    path: Path, *, bits: int = 3, extra: tuple[Any, ...] = (), output: str = "y", scale: int = 1
) -> Path:
    """A QONNX file: 4 words in, 3 integers out, and whatever ``extra`` nodes a test wants
    behind.
    """
    weight = scale * np.array([[1, -2, 0], [3, 1, -1], [0, 2, 2], [-3, 0, 1]], dtype=np.float32)
    nodes, parameters = quant("q", "x", bits, 0)
    quantized, more = quant("w_q", "w", min(16, 4 + scale.bit_length()), 1)
    nodes += [*quantized, helper.make_node("MatMul", ["q", "w_q"], ["y"], name="fc"), *extra]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(weight, "w"), *parameters, *more],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
    )
    path.write_bytes(model.SerializeToString())
    return path


def files(folder: Path) -> dict[str, int]:
    return {
        str(p.relative_to(folder)): p.stat().st_mtime_ns
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def refused(
    capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object, status: int = 2
) -> str:
    """Run a command that must fail: one line on standard error, nothing written; the line."""
    before = files(folder)
    capsys.readouterr()
    assert main.run([str(a) for a in arguments]) == status
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("spikeloom: ") and "Traceback" not in error
    assert files(folder) == before
    return error


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A folder with a plan, as 'compile' leaves it."""
    zero, weight = (
        np.zeros(3, dtype=np.int64),
        np.array([[1, -2, 0, 3], [3, 1, -1, 0], [0, 2, 2, 1]], dtype=np.int64),
    )
    layer = Layer("fc", "input", weight.reshape(3, 4, 1, 1), Raw(None), zero, zero, zero)
    graph = Graph("tiny", (Input("input", (4, 1, 1), (4,), Code(3)), layer))
    plan_file.save(plan_of(graph, {"fc": plain_folding(graph, layer)}), tmp_path / "net")
    return tmp_path / "net"


def saved(path: Path, array: Any, **options: Any) -> Path:
    np.save(path, array, **options)
    return path


def test_golden_reads_and_writes_real_numbers(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.array([[1.2, 0, 2, 9], [7, 1, 0, 3.5]]))
    assert (
        main.run(
            [
                "golden",
                str(compiled),
                "--input",
                str(x),
                "--output",
                str(tmp_path / "out" / "y.npy"),
            ]
        )
        == 0
    )
    assert np.array_equal(np.load(tmp_path / "out" / "y.npy"), [[22, 1, 11], [17, 22, 6]])
    assert "2 images" in capsys.readouterr().out


def test_golden_tells_the_accuracy_of_the_test_set(
    compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(
        compiled / "test_x.npy", np.array([[1, 0, 2, 7], [7, 1, 0, 3], [0, 0, 1, 0], [0, 1, 0, 0]])
    )
    saved(compiled / "test_y.npy", np.array([0, 1, 2, 1]))
    assert main.run(["golden", str(compiled)]) == 0
    assert "accuracy 75.00 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 5)), "expected (batch, 4), got (2, 5)"),
        (np.zeros(4), "expected (batch, 4)"),
        (np.zeros((0, 4)), "at least one image"),
        (np.float64(1), "at least one image"),
        (np.full((1, 4), np.nan), "NaN"),
        (np.full((1, 4), np.inf), "infinity"),
        (np.zeros((1, 4), dtype=complex), "complex"),
        (np.array([["a"] * 4]), "expected numbers"),
    ],
)
def test_wrong_arrays(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], array: Any, says: str
) -> None:
    x = saved(tmp_path / "x.npy", array)
    for command in ("golden", "sim", "compare"):
        assert says in refused(capsys, tmp_path, command, compiled, "--input", x)


def test_missing_and_foreign_files(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = saved(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello", encoding="utf-8")
    for name, says in (
        ("nothing.npy", "no such file"),
        ("text.npy", "pickle"),
        (bad.name, "pickle"),
    ):
        for command in ("golden", "sim", "compare"):
            error = refused(capsys, tmp_path, command, compiled, "--input", tmp_path / name)
            assert name in error and says in error
    assert "test_x.npy" in refused(capsys, tmp_path, "golden", compiled)
    for command in ("golden", "sim", "compare", "emit", "report"):
        assert "nowhere" in refused(capsys, tmp_path, command, tmp_path / "nowhere")
    for command in ("export",):
        assert "trained.onnx" in refused(capsys, tmp_path, command, compiled)


def test_wrong_labels(tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((2, 4)))
    for labels, says in (
        (np.zeros(3, int), "expected 2 class numbers"),
        (np.array([0, 3]), "0 to 2"),
        (np.zeros(2), "float64"),
    ):
        y = saved(tmp_path / "y.npy", labels)
        assert says in refused(capsys, tmp_path, "golden", compiled, "--input", x, "--labels", y)


@pytest.mark.parametrize("name", [plan_file.PLAN_FILE, plan_file.WEIGHTS_FILE])
def test_damaged_plans(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = compiled / name
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"{}", b"[1]"):
        path.write_bytes(content)
        for command in ("golden", "emit", "sim", "report"):
            refused(
                capsys,
                tmp_path,
                command,
                compiled,
                *(("--input", "x.npy") if command in ("golden", "sim") else ()),
            )


def test_compile_and_emit_write_their_files(tmp_path: Path) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    x = saved(tmp_path / "x.npy", np.array([[1, 0, 2, 7.0]]))
    assert main.run(["compile", str(model), "-o", str(out), "--calibration", str(x)]) == 0
    estimates = {
        f"estimate_{name}.json"
        for name in ("folding", "layer_cycles", "layer_resources", "network_performance")
    }
    assert set(os.listdir(out)) == {"original.onnx", "plan.json", "weights.npz"} | estimates
    for name in estimates:
        assert json.loads((out / name).read_text(encoding="utf-8"))["source"] == "estimated"
    assert plan_file.load(out).graph.name == "net"
    assert main.run(["emit", str(out)]) == 0
    top, manifest = (out / "rtl" / "top.v").read_bytes(), (out / "manifest.json").read_bytes()
    assert str(tmp_path).encode() not in top + manifest
    assert main.run(["emit", str(out)]) == 0
    assert (top, manifest) == (
        (out / "rtl" / "top.v").read_bytes(),
        (out / "manifest.json").read_bytes(),
    )


def test_compile_without_calibration_says_what_it_assumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main.run(["compile", str(tiny(tmp_path / "tiny.onnx")), "-o", str(tmp_path / "net")]) == 0
    )
    assert "assumed" in capsys.readouterr().out


def test_unsupported_operator_is_named_with_those_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(
        tmp_path / "tiny.onnx",
        extra=(helper.make_node("Sinh", ["y"], ["z"], name="bad"),),
        output="z",
    )
    error = refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")
    assert "Sinh" in error and "bad" in error and "MatMul" in error and "tiny.onnx" in error


def test_cycle_in_the_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = (
        helper.make_node("Add", ["y", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    )
    model = tiny(tmp_path / "tiny.onnx", extra=loop, output="b")
    assert "tiny.onnx" in refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")


def test_truncated_and_foreign_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny(tmp_path / "tiny.onnx")
    whole = model.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"hello", os.urandom(1) * 300):
        model.write_bytes(content)
        assert "tiny.onnx" in refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")
    assert "no such file" in refused(
        capsys, tmp_path, "compile", tmp_path / "nothing.onnx", "-o", tmp_path / "net"
    )


def test_sums_too_wide_for_the_accumulator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(
        capsys,
        tmp_path,
        "compile",
        tiny(tmp_path / "tiny.onnx", bits=16, scale=1 << 13),
        "-o",
        tmp_path / "net",
    )
    assert (
        f"spikeloom: {tmp_path / 'tiny.onnx'}: fc: sums need" in error
        and "fewer time steps or weight bits" in error
    )


def test_wrong_options_of_compile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    (tmp_path / "folding.json").write_text('{"fc": {"elements": 2}}', encoding="utf-8")
    for options, says in (
        (("--board", "none"), "pynq-z2"),
        (("--target-fps", "-1"), "above zero"),
        (("--target-fps", "inf"), "above zero"),
        (
            ("--target-fps", "1e12"),
            (
                "tiny.onnx: 1e+12 frames per second are not reached on pynq-z2: no folding is that"
                " fast, the output alone takes 3 cycles "
            ),
        ),
        (("--clock-mhz", "0"), "1 to 1000 MHz, got 0"),
        (("--clock-mhz", "1e9"), "1 to 1000 MHz, got 1e+09"),
        (("--folding", tmp_path / "folding.json"), "divide"),
        (("--calibration", saved(tmp_path / "c.npy", np.zeros((1, 3)))), "expected (batch, 4)"),
        (("--nonsense", "1"), "nonsense"),
    ):
        assert says in refused(capsys, tmp_path, "compile", model, "-o", out, *options)


def test_output_that_cannot_be_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before anything is read or trained; an empty name must not stand for the working
    folder.
    """
    monkeypatch.chdir(tmp_path)
    model = tiny(tmp_path / "tiny.onnx")
    (tmp_path / "nowhere").symlink_to("nothing")
    for output in ("/", "//", f"{tmp_path}{'/..' * 20}", "", " "):
        for command in (("compile", model), ("train", "nonsense")):
            assert "a folder of its own" in refused(capsys, tmp_path, *command, "-o", output)
    for output in (model, model / "net", tmp_path / "nowhere"):
        for command in (("compile", model), ("train", "nonsense")):
            assert "is not a folder" in refused(capsys, tmp_path, *command, "-o", output)


def test_output_that_cannot_be_a_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before a simulation has run for it."""
    for command in ("golden", "sim"):
        for output, says in (("", "name of a file"), (tmp_path, "found a folder")):
            assert says in refused(capsys, tmp_path, command, compiled, "--output", output)


def test_the_working_folder_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run(["compile", str(tiny(tmp_path / "tiny.onnx")), "-o", "."]) == 0
    assert (tmp_path / "plan.json").exists()


def test_external_data_stays_inside_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones(12, dtype=np.float32).tobytes())
    (tmp_path / "inside").mkdir()
    model = onnx.load(tiny(tmp_path / "inside" / "tiny.onnx"))
    weight = next(w for w in model.graph.initializer if w.name == "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret.bin")
    (tmp_path / "inside" / "tiny.onnx").write_bytes(model.SerializeToString())
    assert "tiny.onnx" in refused(
        capsys, tmp_path, "compile", tmp_path / "inside" / "tiny.onnx", "-o", tmp_path / "net"
    )


def test_waves_want_images_that_are_there(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((3, 4)))
    for images in ("3", "2-1", "a", "-1", "1-3", ""):
        error = refused(
            capsys,
            tmp_path,
            "sim",
            compiled,
            "--input",
            x,
            "--waves",
            tmp_path / "w.vcd",
            f"--images={images}",
        )
        assert "0-2" in error


def test_waves_want_a_file_that_can_hold_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before the network is even looked for."""
    (tmp_path / "w.vcd").mkdir()
    for waves, says in (
        ("w.txt", ".fst or .vcd"),
        ("w", ".fst or .vcd"),
        ("", ".fst or .vcd"),
        (tmp_path / "w.vcd", "found a folder"),
    ):
        assert says in refused(capsys, tmp_path, "sim", tmp_path / "nowhere", "--waves", waves)


def test_images_that_are_not_there_or_not_asked_for(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((3, 4)))
    for images in ("junk", "0"):
        assert "--waves" in refused(
            capsys, tmp_path, "sim", compiled, "--input", x, "--images", images
        )
    assert "at most 3" in refused(
        capsys, tmp_path, "compare", compiled, "--input", x, "--images", 4
    )
    saved(compiled / "test_x.npy", np.zeros((2, 4)))
    assert "at most 2" in refused(capsys, tmp_path, "compare", compiled, "--images", 3)


def test_training_refuses_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # Python's own cache beside a user's file is not ours to judge
    (tmp_path / "net.py").write_text("def five():\n    return 5\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def f(:\n", encoding="utf-8")
    for net, says in (
        ("nonsense", "digits-cnn"),
        (f"{tmp_path / 'net.py'}:five", "int"),
        (f"{tmp_path / 'net.py'}:six", "six"),
        (f"{tmp_path / 'broken.py'}:f", "broken.py"),
        (f"{tmp_path / 'nothing.py'}:f", "nothing.py"),
    ):
        assert says in refused(capsys, tmp_path, "train", net, "-o", tmp_path / "out")


def test_usage_errors_are_one_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["nonsense"],
        ["golden"],
        ["golden", "a", "b"],
        ["train", "digits-mlp", "-o", "x", "--epochs", "0"],
    ):
        refused(capsys, tmp_path, *arguments)


def test_interruption_is_one_line_and_130(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plan_file, "load", interrupted)
    assert "interrupted" in refused(capsys, compiled, "emit", compiled, status=130)


def test_a_fault_of_ours_is_not_hidden(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plan_file, "load", faulty)
    with pytest.raises(ZeroDivisionError):
        main.run(["emit", str(compiled)])


def test_a_rung_that_differs_is_status_1_and_named(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikeloom.accelerator import Accelerator
    from spikeloom.verify.verdict import Verdict

    monkeypatch.setattr(
        Accelerator,
        "compare",
        lambda *_: (Verdict("RTL", "outputs", 1, ("RTL differs at layer fc, channel 2",)),),
    )
    saved(compiled / "test_x.npy", np.zeros((1, 4)))
    assert main.run(["compare", str(compiled)]) == 1
    assert "RTL differs at layer fc, channel 2" in capsys.readouterr().out


def test_no_command_is_answered_by_the_help_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([]) == 2
    shown = capsys.readouterr()
    assert "Usage: spikeloom" in shown.out and shown.err == ""


@pytest.mark.parametrize("content", [b"", b"junk"])
@pytest.mark.parametrize("name", ["model.onnx", "original.onnx"])
def test_compare_with_a_damaged_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((1, 4)))
    (compiled / name).write_bytes(content)
    assert name in refused(capsys, tmp_path, "compare", compiled, "--input", x)


def test_compare_with_another_networks_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((1, 4)))
    tiny(compiled / "model.onnx")
    assert "another file; export and compile again" in refused(
        capsys, tmp_path, "compare", compiled, "--input", x
    )


def test_rungs_that_are_missing_or_only_counted_are_said(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikeloom.accelerator import Accelerator
    from spikeloom.verify.verdict import Verdict, not_run

    found = (
        not_run("torch, frozen", "torch is away"),
        Verdict("QONNX executor", "outputs", 1, (), "3 of 5 [odd] outputs differ", 3),
    )
    monkeypatch.setattr(Accelerator, "compare", lambda *_: found)
    saved(compiled / "test_x.npy", np.zeros((1, 4)))
    assert main.run(["compare", str(compiled)]) == 0
    screen = capsys.readouterr().out
    for words in (
        "not run",
        "torch, frozen: not run: torch is away",
        "3 differ",
        "3 of 5 [odd] outputs differ",
    ):
        assert words in screen


def test_a_package_that_is_missing_is_named(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "amaranth.back", None)
    for module in ("verilog", "emit"):
        monkeypatch.delitem(sys.modules, f"spikeloom_hw.{module}", raising=False)
    assert "amaranth.back: this command needs it" in refused(capsys, compiled, "emit", compiled)


@pytest.mark.parametrize("module", ["typer", "numpy"])
def test_interruption_of_the_first_imports(tmp_path: Path, module: str) -> None:
    """Ctrl-C while the command line is still being loaded, in a package whose import turns it into
    another error.
    """
    lines = (
        "import os, signal",
        "try:",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "except KeyboardInterrupt:",
        "    raise ImportError",
    )
    (tmp_path / f"{module}.py").write_text("\n".join(lines), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "spikeloom", "--help"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        preexec_fn=signals.heard,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "spikeloom: interrupted\n")


def test_the_installed_command_is_the_one_that_can_be_interrupted() -> None:
    project = tomllib.loads(
        (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]
    assert project["scripts"] == {"spikeloom": "spikeloom.__main__:main"}


def test_help_and_installed_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spikeloom", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for command in (
        "train",
        "export",
        "compile",
        "emit",
        "sim",
        "golden",
        "compare",
        "synth",
        "measure",
        "deploy",
        "bitstream",
        "hls",
    ):
        assert f" {command} " in done.stdout
    assert " report " in done.stdout
    assert (
        subprocess.run(
            [sys.executable, "-m", "spikeloom", "nonsense"],
            capture_output=True,
            check=False,
            timeout=60,
        ).returncode
        == 2
    )


def test_tiny_file_is_what_these_tests_think(tmp_path: Path) -> None:
    graph = read(tiny(tmp_path / "tiny.onnx"))
    assert graph.shapes["fc"] == (3, 1, 1) and not isinstance(graph["fc"], SpikePack)
