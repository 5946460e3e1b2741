"""An error in a user's code names the user's line; an error of ours stays what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from spikeloom.errors import SpikeLoomError, blaming, place, theirs
from spikeloom.ir.number import Code
from spikeloom.train.loop import train
from spikeloom.train.zoo import find


def line_of(text: str) -> int:
    """The line of this file that ends with a comment."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(k for k, line in enumerate(lines, 1) if line.endswith(f"# {text}"))


def test_whose_file() -> None:
    import json

    import numpy
    import spikeloom

    assert theirs(__file__) and theirs("/tmp/ipykernel_1/2.py")
    assert not any(
        theirs(f)
        for f in (
            spikeloom.__file__,
            json.__file__,
            numpy.__file__,
            "<string>",
            "<frozen importlib._bootstrap>",
        )
    )


def test_the_innermost_line_of_the_user() -> None:
    with pytest.raises(SpikeLoomError) as caught, blaming("net"):
        Code(99)  # ours
    assert (
        str(caught.value)
        == f"net: test_errors.py line {line_of('ours')}: time steps T must be 1 to 16, got 99"
    )
    with pytest.raises(SpikeLoomError) as caught, blaming("net"):
        sorted([1, "a"])  # builtin
    assert f"test_errors.py line {line_of('builtin')}: TypeError: '<'" in str(caught.value)


def test_an_error_without_a_line_of_the_user_passes() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        assert place(error.with_traceback(None)) is None
    with pytest.raises(KeyboardInterrupt), blaming("net"):
        raise KeyboardInterrupt


FILES = {
    "import": ("x = 1\nimport nothing_of_the_kind\n", "net.py line 2: ModuleNotFoundError"),
    "syntax": ("x = 1\ndef f(:\n", "net.py line 2: "),
    "library": (
        "import json\n\ndef f():\n    return json.loads('{')\n",
        "net.py line 4: JSONDecodeError",
    ),
    "ours": (
        "from spikeloom import nn\n\ndef f():\n    return nn.SpikePack(40)\n",
        "net.py line 4: time steps T must be 1 to 16, got 40",
    ),
    "neighbour": (
        "import beside\n\ndef f():\n    return beside.g()\n",
        "beside.py line 2: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("name", list(FILES))
def test_a_users_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, says = FILES[name]
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "net.py").write_text(text, encoding="utf-8")
    (tmp_path / "beside.py").write_text("def g():\n    return 1 / 0\n", encoding="utf-8")
    with pytest.raises(SpikeLoomError) as caught:
        find(f"{tmp_path / 'net.py'}:f")
    assert says in str(caught.value) and "\n" not in str(caught.value)


NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x):
        if {when}:
            x = {{}}["key"]
        return self.body(x)

def f():
    return Net()
"""


@pytest.mark.parametrize("when", ["True", "not self.training"])
def test_a_users_module_in_training(
    tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails at once, or where its accuracy is measured."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "net.py").write_text(NET.format(when=when), encoding="utf-8")
    with pytest.raises(SpikeLoomError, match=r"^f: .*net\.py line 11: KeyError: 'key'$"):
        train(find(f"{tmp_path / 'net.py'}:f"), tmp_path / "out", epochs=1)


def test_an_error_of_a_callback_is_not_ours_to_word(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise StopIteration

    with pytest.raises(StopIteration):
        train(find("digits-mlp"), tmp_path, epochs=1, progress=stop)
