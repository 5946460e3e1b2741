"""Files are data: no pickle comes in, nothing half-written goes out."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array, load_json, replacing, save_array, save_json, save_text


class Bomb:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_array_survives(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    save_array(tmp_path / "deep" / "x.npy", array)
    loaded = load_array(tmp_path / "deep" / "x.npy")
    assert loaded.dtype == array.dtype and np.array_equal(loaded, array)


def test_pickled_array_is_refused_and_not_run(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "x.npy"
    bomb = np.empty(1, dtype=object)
    bomb[0] = Bomb(mark)
    np.save(path, bomb, allow_pickle=True)
    with pytest.raises(SpikeLoomError, match=r"x\.npy.*without pickle"):
        load_array(path)
    path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(SpikeLoomError, match=r"x\.npy.*without pickle"):
        load_array(path)
    assert not mark.exists()


def test_every_truncation_is_one_line(tmp_path: Path) -> None:
    whole, archive, path = io.BytesIO(), io.BytesIO(), tmp_path / "x.npy"
    np.save(whole, np.arange(12.0).reshape(3, 4))
    np.savez(archive, np.arange(3))
    unclosed = whole.getvalue().replace(b"(3, 4)", b"((3, 4")
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        huge, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    )
    cut = [data[:n] for data in (whole.getvalue(), archive.getvalue()) for n in range(len(data))]
    for content in [*cut, unclosed, huge.getvalue()]:
        path.write_bytes(content)
        with pytest.raises(SpikeLoomError, match=r"x\.npy: expected an array") as caught:
            load_array(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"hello", b"\x93NUMPY\x01\x00\xff\xff{'descr'"]
)
def test_broken_arrays_are_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(SpikeLoomError) as caught:
        load_array(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_truncated_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(100))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(SpikeLoomError, match=r"x\.npy"):
        load_array(path)


def test_archive_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(1))
    for name, why in (("x.npz", "archive"), (".", "folder"), ("missing.npy", "no such file")):
        with pytest.raises(SpikeLoomError, match=why):
            load_array(tmp_path / name)


def test_interrupted_writer_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    save_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_folder_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for target in (tmp_path / "file" / "a.txt", tmp_path):
        with pytest.raises(SpikeLoomError, match="cannot be written"):
            save_text(target, "x")
    assert sorted(os.listdir(tmp_path)) == ["file"]


def test_json_refuses_nan_and_broken_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        save_json(tmp_path / "a.json", {"x": float("nan")})
    assert not os.listdir(tmp_path)
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="broken JSON"):
        load_json(tmp_path / "a.json", "numbers")
