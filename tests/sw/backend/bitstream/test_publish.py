"""Finished bitstreams: nothing is published that does not belong together, and nothing is used that
was changed afterwards.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom import Accelerator, compile, files
from spikeloom.backend.bitstream import bitfile, publish
from spikeloom.backend.bitstream.bitfile import BitFile
from spikeloom.backend.bitstream.publish import place, verify
from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface import manifest as manifests
from spikeloom.interface.handoff import hwh_text

from tests.sw.backend.bitstream.files import bitstream, built
from tests.sw.small_network import network


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    folder = tmp_path_factory.mktemp("net") / "small"
    folder.mkdir()
    write_model(network(), folder / "model.onnx")
    made = compile(folder / "model.onnx", folder=folder)
    made.emit()
    return made


@pytest.fixture
def net(emitted: Accelerator, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(emitted.folder, tmp_path / "small"))


def test_published(net: Path, tmp_path: Path) -> None:
    manifest = manifests.load(net)
    target = publish.publish(
        built(tmp_path / "work", manifest), net, tmp_path / "there" / "small-pynq-z2"
    )
    assert sorted(path.name for path in target.iterdir()) == [
        "manifest.json",
        "report.json",
        "small.bit",
        "small.hwh",
    ]
    assert verify(target) == manifest
    said = json.loads((target / "report.json").read_text(encoding="utf-8"))
    assert (
        said["tool"] == "a tool 1.0"
        and said["part"] == "xc7z020clg400-1"
        and said["clock_mhz"] == 100.0
    )
    assert (
        said["rtl_sha256"]["top.v"] == manifest.top_sha256 and said["figures"]["fmax_mhz"] == 123.0
    )
    first = {path.name: path.read_bytes() for path in target.iterdir()}
    publish.publish(built(tmp_path / "work", manifest), net, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == first and len(
        list(target.parent.iterdir())
    ) == 1


def other_part(file: BitFile) -> BitFile:
    return BitFile(file.design, "7z010clg400", file.date, file.time, file.data)


def other_network(file: BitFile) -> BitFile:
    return bitfile.named(file, "f" * 64)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (other_part, "found one for 7z010"),
        (other_network, "UserID ffffffff"),
        (lambda f: None, "found no such file"),
    ],
)
def test_a_wrong_bitstream_is_not_published(
    net: Path, tmp_path: Path, change: object, says: str
) -> None:
    manifest, target = manifests.load(net), tmp_path / "there"
    publish.publish(built(tmp_path / "work", manifest), net, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    wrong = built(tmp_path / "work", manifest)
    changed = change(bitstream(manifest))  # type: ignore[operator]
    wrong.bit.unlink()
    if changed is not None:
        bitfile.write(wrong.bit, changed)
    with pytest.raises(SpikeLoomError, match=says):
        publish.publish(wrong, net, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before, (
        "the one from before is still there"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "small",
        "there",
        "work",
    ], "and nothing else"


def test_a_wrong_handoff_file_is_not_published(net: Path, tmp_path: Path) -> None:
    manifest = manifests.load(net)
    good = hwh_text(manifest)
    for text in (
        "",
        "no xml",
        good.replace("spikeloom:spikeloom:shell:1.0", "spikeloom:spikeloom:other:1.0"),
    ):
        made = built(tmp_path / "work", manifest)
        made.hwh.write_text(text, encoding="utf-8")
        with pytest.raises(SpikeLoomError, match="made.hwh"):
            publish.publish(made, net, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_hardware_that_was_changed_meanwhile(net: Path, tmp_path: Path) -> None:
    made = built(tmp_path / "work", manifests.load(net))
    with (net / "rtl" / "top.v").open("a", encoding="utf-8") as stream:
        stream.write("// another\n")
    with pytest.raises(SpikeLoomError, match="expected the Verilog of manifest.json"):
        publish.publish(made, net, tmp_path / "there")
    top = (net / "rtl" / "top.v").read_bytes()
    manifest = replace(manifests.load(net), top_sha256=hashlib.sha256(top).hexdigest())
    (net / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="build the bitstream of this manifest"):
        publish.publish(made, net, tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("name", ["small.bit", "small.hwh", "manifest.json", "report.json"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_what_was_changed_after_publishing_is_refused(
    net: Path, tmp_path: Path, name: str, how: str
) -> None:
    target = publish.publish(built(tmp_path / "work", manifests.load(net)), net, tmp_path / "there")
    if how == "gone":
        (target / name).unlink()
    else:
        raw = (target / name).read_bytes()
        (target / name).write_bytes(raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:])
    with pytest.raises(SpikeLoomError, match="there"):
        verify(target)


def test_a_folder_that_cannot_be_written(net: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="cannot be written"):
        publish.publish(
            built(tmp_path / "work", manifests.load(net)), net, tmp_path / "file" / "there"
        )


def test_an_installed_package_publishes_beside_the_network(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own folder is nobody's to write."""
    (tmp_path / "package" / "bitstreams").mkdir(parents=True)
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "package")
    assert place(net, manifests.load(net)) == net / "bitstreams" / "small-pynq-z2"
    assert files.bitstreams() == tmp_path / "package" / "bitstreams"
