"""Data sets: what is embedded, and small files written in the formats of MNIST and CIFAR-10."""

from __future__ import annotations

import gzip
import pickle
import struct

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.train import data
from spikeloom.train.data.events import camera, path


@pytest.mark.parametrize("name,shape", [("digits", (1, 8, 8)), ("events", (8, 2, 12, 12))])
def test_embedded(name, shape):
    first, again = data.load(name), data.load(name)
    assert first.shape == shape
    assert (len(first.train_x), len(first.test_x)) == (1433, 364)
    assert first.train_x.dtype == first.test_x.dtype == np.float32
    assert (first.train_x == again.train_x).all() and (first.test_x == again.test_x).all()
    counts = np.bincount(first.test_y)
    assert len(counts) == len(first.classes) == 10 and counts.min() >= 34
    test = {x.tobytes() + bytes([y]) for x, y in zip(first.test_x, first.test_y, strict=True)}
    assert not test & {
        x.tobytes() + bytes([y]) for x, y in zip(first.train_x, first.train_y, strict=True)
    }


def test_digits_are_the_original_pixels():
    digits = data.load("digits")
    assert np.unique(digits.train_x).tolist() == list(range(17))


def test_events_are_sparse_and_both_kinds():
    x = data.load("events").train_x
    assert set(np.unique(x)) == {0.0, 1.0}
    assert not (x[:, :, 0] * x[:, :, 1]).any()  # never ON and OFF at once
    by_channel = x.mean((0, 1, 3, 4))
    assert (by_channel > 0.02).all() and (by_channel < 0.2).all()
    assert (x.mean((0, 2, 3, 4)) > 0.01).all()  # no frame is empty


def test_camera_sees_nothing_without_contrast():
    assert not camera(np.zeros((2, 8, 8)), frames=4).any()


def test_camera_sees_an_edge_where_it_moves():
    """The left half is bright and moves right (two frames, about 1.5 pixels, jitter apart): ON
    along the edge, no OFF there.
    """
    picture = np.zeros((1, 8, 8))
    picture[:, :, :4] = 1
    inner = camera(picture, size=8)[0, :2, :, 2:6].any(axis=0)
    assert inner[0, :, 4].all()
    assert not inner[1, :, 2:].any()
    assert not inner[:, :, 6:].any()


def test_path_is_closed():
    offsets = path(8)
    assert offsets.shape == (9, 2)
    assert offsets[0].tolist() == offsets[-1].tolist() == [0, 0]
    assert offsets[2].tolist() == [1.5, 0.75]


def write_idx(file, array):
    file.write(
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write_mnist(folder, zipped):
    rng = np.random.default_rng(0)
    parts = {}
    for part, count in (("train", 7), ("t10k", 3)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        for name, array in (
            (f"{part}-images-idx3-ubyte", images),
            (f"{part}-labels-idx1-ubyte", labels),
        ):
            with (
                gzip.open(folder / (name + ".gz"), "wb") if zipped else (folder / name).open("wb")
            ) as file:
                write_idx(file, array)
        parts[part] = images, labels
    return parts


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist(tmp_path, zipped):
    parts = write_mnist(tmp_path, zipped)
    got = data.load("mnist", tmp_path)
    assert got.shape == (1, 28, 28)
    assert (got.train_x[:, 0] == parts["train"][0]).all() and (
        got.train_y == parts["train"][1]
    ).all()
    assert (got.test_x[:, 0] == parts["t10k"][0]).all() and (got.test_y == parts["t10k"][1]).all()


def damage_missing(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()


def damage_truncated(folder):
    file = folder / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])


def damage_longer(folder):
    file = folder / "train-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes() + b"1")


def damage_header(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(b"<html>not found</html>")


def damage_empty(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(b"")


def damage_huge(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3]) + b"\xff" * 12)


def damage_labels(folder):
    with (folder / "train-labels-idx1-ubyte").open("wb") as file:
        write_idx(file, np.full(7, 10, dtype=np.uint8))


def damage_count(folder):
    with (folder / "train-labels-idx1-ubyte").open("wb") as file:
        write_idx(file, np.zeros(6, dtype=np.uint8))


def damage_gzip(folder):
    (folder / "train-images-idx3-ubyte").unlink()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"x" * 5000)[:-40])


@pytest.mark.parametrize(
    "damage,match",
    [
        (damage_missing, "expected t10k-labels-idx1-ubyte or"),
        (damage_truncated, r"train-images-idx3-ubyte: expected 5488 bytes .* found 5487"),
        (damage_longer, "found more"),
        (damage_header, "expected an IDX file of 3-dimensional bytes"),
        (damage_empty, "expected an IDX file"),
        (damage_huge, "expected 79228162458924105385300197375 bytes"),
        (damage_labels, "labels 0 to 9, found 10"),
        (damage_count, "as many train labels as images, found 6 and 7"),
        (damage_gzip, "(expected an IDX file|cannot be read)"),
    ],
)
def test_damaged_mnist(tmp_path, damage, match):
    write_mnist(tmp_path, zipped=False)
    damage(tmp_path)
    with pytest.raises(SpikeLoomError, match=match) as caught:
        data.load("mnist", tmp_path)
    assert "\n" not in str(caught.value)


def write_cifar10(folder):
    rng = np.random.default_rng(1)
    records = {}
    for name in (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"):
        record = rng.integers(0, 256, (2, 3073), dtype=np.uint8)
        record[:, 0] %= 10
        (folder / name).write_bytes(record.tobytes())
        records[name] = record
    return records


@pytest.mark.parametrize("inside", [False, True])
def test_cifar10(tmp_path, inside):
    folder = tmp_path / "cifar-10-batches-bin" if inside else tmp_path
    folder.mkdir(exist_ok=True)
    records = write_cifar10(folder)
    got = data.load("cifar10", tmp_path)
    assert got.shape == (3, 32, 32) and len(got.train_y) == 10 and len(got.test_y) == 2
    third = records["data_batch_2.bin"][0]
    assert got.train_y[2] == third[0]
    assert got.train_x[2, 1, 0, 31] == third[1 + 1024 + 31]  # green, first row, last column
    assert got.classes[3] == "cat"


def test_cifar10_never_opens_a_pickle(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps({b"data": Trap()}))
    with pytest.raises(SpikeLoomError, match="data_batch_1.bin .* found the Python version"):
        data.load("cifar10", tmp_path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "name,content,match",
    [
        ("data_batch_3.bin", b"", "found 0 bytes"),
        ("data_batch_3.bin", b"0" * 3074, "records of 3073 bytes"),
        ("test_batch.bin", b"\x0a" * 3073, "labels 0 to 9, found 10"),
        ("data_batch_5.bin", None, "cannot be read"),
    ],
)
def test_damaged_cifar10(tmp_path, name, content, match):
    write_cifar10(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SpikeLoomError, match=match):
        data.load("cifar10", tmp_path)


def test_unknown_or_homeless(tmp_path):
    with pytest.raises(
        SpikeLoomError, match="expected one of cifar10, digits, digits28, events, mnist, textured"
    ):
        data.load("imagenet")
    with pytest.raises(SpikeLoomError, match="--data-dir"):
        data.load("mnist")
    with pytest.raises(SpikeLoomError, match="expected a folder"):
        data.load("mnist", tmp_path / "nowhere")
    with pytest.raises(SpikeLoomError, match="found none"):
        data.load("cifar10", tmp_path)
