"""Training: the same command gives the same weights, interrupted or not, and files are data."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from spikeloom.train.loop import _resume, predict, train
from spikeloom.train.zoo import RECIPES, Recipe, find, load_callable, recipe_of
from torch.nn import Flatten, Linear, Sequential

from tests.sw.train.small_sets import shrink

MLP = find("digits-mlp")


class Interrupted(Exception):
    pass


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "trained.pt", weights_only=True)


def same(a: Path, b: Path) -> bool:
    first, second = weights(a), weights(b)
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Four epochs without interruption, with everything random that training knows."""
    folder = tmp_path_factory.mktemp("straight")
    return train(replace(MLP, shift=1), folder, epochs=4, spike_penalty=0.02)


def test_writes_what_the_later_steps_need(straight):
    folder = straight.folder
    assert sorted(p.name for p in folder.iterdir()) == [
        "calibration_x.npy",
        "checkpoint.pt",
        "test_source.npy",
        "test_x.npy",
        "test_y.npy",
        "train.json",
        "trained.onnx",
        "trained.pt",
    ]
    x, y = np.load(folder / "test_x.npy"), np.load(folder / "test_y.npy")
    assert (
        x.shape == (364, 1, 8, 8)
        and y.shape == (364,)
        and len(np.load(folder / "calibration_x.npy")) == 128
    )
    summary = json.loads((folder / "train.json").read_text())
    model = MLP.build()
    model.load_state_dict(weights(folder))
    assert (predict(model, x).argmax(1) == y).mean() == summary["accuracy"] == straight.accuracy
    assert straight.accuracy > 0.8
    assert (summary["name"], summary["epochs"], summary["seed"], summary["shift"]) == (
        "digits-mlp",
        4,
        0,
        1,
    )
    assert set(summary["versions"]) == {"brevitas", "numpy", "spikeloom", "torch"}


def test_the_same_again(straight, tmp_path):
    torch.manual_seed(99)  # what went on before must not matter
    again = train(replace(MLP, shift=1), tmp_path, epochs=4, spike_penalty=0.02)
    assert same(straight.folder, tmp_path)
    assert again.epochs == 4
    for name in ("trained.onnx", "train.json"):
        assert (straight.folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_another_seed_is_another_network(straight, tmp_path):
    train(replace(MLP, shift=1), tmp_path, epochs=1, seed=1, spike_penalty=0.02)
    assert not same(straight.folder, tmp_path)


@pytest.mark.parametrize("at", [1, 3])
def test_resumes_as_if_nothing_had_happened(straight, tmp_path, at):
    def interrupt(what: str, done: int, total: int) -> None:
        assert (what, total) == ("train", 4)
        if done == at:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(replace(MLP, shift=1), tmp_path, epochs=4, spike_penalty=0.02, progress=interrupt)
    assert not (tmp_path / "trained.pt").exists()
    torch.rand(7)
    resumed = train(replace(MLP, shift=1), tmp_path, epochs=4, spike_penalty=0.02)
    assert resumed.epochs == 4 - at
    assert same(straight.folder, tmp_path)


def test_a_finished_training_is_not_repeated(straight):
    before = weights(straight.folder)
    again = train(replace(MLP, shift=1), straight.folder, epochs=4, spike_penalty=0.02)
    assert again.epochs == 0 and again.accuracy == straight.accuracy
    assert all(torch.equal(before[name], value) for name, value in again.model.state_dict().items())


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"epochs": 2}, {"spike_penalty": 0.5}, {"resume": False}]
)
def test_other_settings_start_anew(tmp_path, change):
    train(MLP, tmp_path, epochs=1)
    settings = {"epochs": 1} | change
    assert train(MLP, tmp_path, **settings).epochs == settings["epochs"]


def test_leaves_torch_as_it_was(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        train(MLP, tmp_path, epochs=1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.rand(3), expected)


def test_spike_penalty_makes_fewer_spikes(tmp_path):
    density = []
    for penalty in (0.0, 2.0):
        result = train(MLP, tmp_path / str(penalty), epochs=4, spike_penalty=penalty)
        with nn.density(result.model) as bits:
            predict(result.model, np.load(result.folder / "test_x.npy"))
        density.append(np.mean([fraction.mean() for fraction in bits.values()]))
        assert result.accuracy > 0.8
    assert density[1] < 0.7 * density[0]


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps({"fingerprint": 1})])
def test_damaged_checkpoint(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(SpikeLoomError, match="checkpoint.pt: expected a checkpoint"):
        train(MLP, tmp_path, epochs=1)
    assert train(MLP, tmp_path, epochs=1, resume=False).epochs == 1


def test_checkpoint_cut_or_flipped_anywhere(straight, tmp_path):
    """Either refused in one line or, where nothing that counts was hit, read as it was."""
    whole = (straight.folder / "checkpoint.pt").read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 40).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        for content in (whole[:place], bytes(flipped)):
            (tmp_path / "checkpoint.pt").write_bytes(content)
            model = MLP.build()
            try:
                assert (
                    _resume(
                        tmp_path / "checkpoint.pt",
                        "another",
                        model,
                        torch.optim.Adam(model.parameters()),
                    )
                    == 0
                )
            except SpikeLoomError as error:
                assert "\n" not in str(error)


def test_checkpoint_is_never_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    torch.save({"fingerprint": Trap()}, tmp_path / "checkpoint.pt")
    with pytest.raises(SpikeLoomError, match="checkpoint"):
        train(MLP, tmp_path, epochs=1)
    assert not (tmp_path / "sprung").exists()


def linear(inputs: int, outputs: int) -> Sequential:
    return Sequential(Flatten(), Linear(inputs, outputs))


@pytest.mark.parametrize(
    "recipe,options,match",
    [
        (
            Recipe("a", "digits", lambda: linear(63, 10)),
            {},
            r"a: does not run on digits inputs of shape \(1, 8, 8\): mat1",
        ),
        (
            Recipe("a", "digits", lambda: linear(64, 9)),
            {},
            r"expected outputs \(batch, 10\) for digits, found \(64, 9\)",
        ),
        (
            Recipe("a", "digits", Flatten, batch=2000),
            {},
            "one batch of 2000 images to train on, found 1433",
        ),
        (
            Recipe("a", "digits", lambda: linear(64, 10), lr=1e37),
            {},
            "no longer a finite number in epoch 1",
        ),
        (MLP, {"seed": -1}, "seed >= 0"),
        (MLP, {"epochs": 0}, "epochs >= 1"),
        (MLP, {"threads": 0}, "threads >= 1"),
        (MLP, {"spike_penalty": float("nan")}, "spike penalty >= 0"),
        (replace(MLP, dataset="mnist"), {}, "--data-dir"),
    ],
)
def test_refusals(tmp_path, recipe, options, match):
    with pytest.raises(SpikeLoomError, match=match) as caught:
        train(recipe, tmp_path, **({"epochs": 1} | options))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "trained.pt").exists()


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpikeLoomError, match="cannot be written"):
        train(MLP, tmp_path / "file" / "folder", epochs=1)


USER = """
from dataclasses import dataclass

import torch

from spikeloom import nn
from spikeloom.train.zoo import Recipe
from neighbour import WIDTH


@dataclass
class Settings:
    bits: int = 3


def build():
    return torch.nn.Sequential(
        torch.nn.Flatten(),
        nn.QuantInput(4),
        nn.QuantLinear(64, WIDTH, weight_bits=Settings().bits),
        nn.SpikePack(3, 3),
        nn.QuantLinear(WIDTH, 10),
    )


def recipe():
    return Recipe("mine", "digits", build, epochs=1, batch=100)


def fails():
    return 1 / 0


def number():
    return 7


constant = 3
"""


@pytest.fixture
def user(tmp_path):
    (tmp_path / "neighbour.py").write_text("WIDTH = 16\n")
    (tmp_path / "net.py").write_text(USER)
    return tmp_path / "net.py"


@pytest.mark.parametrize("function,name", [("build", "build"), ("recipe", "mine")])
def test_a_users_own_network(user, tmp_path, function, name):
    result = train(load_callable(f"{user}:{function}"), tmp_path / "out", epochs=1)
    assert json.loads((tmp_path / "out" / "train.json").read_text())["name"] == name
    assert result.model[2].out_features == 16
    assert find(f"{user}:{function}").name == name


@pytest.mark.parametrize(
    "spec,match",
    [
        ("{}:missing", "expected a function missing, found none"),
        ("{}:constant", "found int"),
        (
            "{}:fails",
            "fails: the function failed: net.py line .*ZeroDivisionError: division by zero",
        ),
        ("{}:number", "the function returned int"),
        ("{}", "file.py:function|unknown"),
        ("nowhere.py:build", "expected a Python file, found none"),
        ("net.txt:build", "expected file.py:function"),
        ("net.py:a b", "expected file.py:function"),
    ],
)
def test_a_users_mistakes(user, spec, match):
    with pytest.raises(SpikeLoomError, match=match) as caught:
        find(spec.format(user))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text,match",
    [
        ("def f(:\n", "line 1: invalid syntax"),
        ("import nothing_there\n", "line 1: ModuleNotFoundError"),
    ],
)
def test_files_that_do_not_import(tmp_path, text, match):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(SpikeLoomError, match=match):
        load_callable(f"{tmp_path / 'bad.py'}:f")


def test_recipe_of_keeps_the_random_state():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    recipe_of(MLP.build)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipes_run_one_step(name, monkeypatch):
    """Untrained but calibrated networks of all recipes: forward, backward, bits of every neuron."""
    from spikeloom.train import data

    shrink(monkeypatch)
    dataset = data.load(RECIPES[name].dataset)
    torch.manual_seed(0)
    model = RECIPES[name].build()
    out = model(torch.from_numpy(dataset.train_x[:32]))
    assert out.shape == (32, 10)
    (out.square().mean() + nn.spike_penalty(model)).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_unknown_network():
    with pytest.raises(
        SpikeLoomError,
        match=(
            "expected one of cnv-w1t1, .*digits-cnn, digits-mlp, events-cnn, .* or file.py:function"
        ),
    ):
        find("resnet50")
