"""Two networks of twelve layers that together hold every body, each neuron and residuals: outputs
equal the golden model's, every cycle and count the cycle model's.
"""

from __future__ import annotations

import pytest
from spikeloom_sim.network.network import Network

from tests.sim.cases import Case, case, check, joined
from tests.test_networks import WANTED

LAYERS = 12

SEEDS = (1911, 127)
"""The first holds every body and every kind of neuron; the second the resets that it lacks."""

KINDS = {name for name in WANTED if name.startswith(("body: ", "neuron: "))}


@pytest.fixture(scope="module")
def networks() -> list[tuple[Case, Network]]:
    return joined([case(seed, LAYERS) for seed in SEEDS])


def test_every_kind_is_there(networks: list[tuple[Case, Network]]) -> None:
    first, second = (case.coverage for case, _ in networks)
    assert not [name for name in KINDS if not first[name] + second[name]]
    assert {name for name in KINDS if name.startswith("body: ")} <= first.keys()
    assert {kind(name) for name in KINDS} <= {kind(name) for name in first}
    assert first["residual"] and second["residual"]


def kind(name: str) -> str:
    """Of a body or neuron, without its reset."""
    return " ".join(name.split(" ")[:2])


@pytest.mark.parametrize("index", range(len(SEEDS)))
def test_equal(networks: list[tuple[Case, Network]], index: int) -> None:
    check(*networks[index])
