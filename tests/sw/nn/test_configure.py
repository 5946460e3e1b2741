"""Time steps and weight widths set from outside: the same network as one that was built with
them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from spikeloom.nn import PerLayer, configure
from spikeloom.nn.configure import described
from spikeloom.train.loop import train
from spikeloom.train.zoo import find


def layers(bits: int, power_of_two: bool) -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(
        nn.QuantConv2d(2, 4, 3, padding=1, weight_bits=bits, power_of_two=power_of_two),
        torch.nn.BatchNorm2d(4),
        torch.nn.Flatten(),
        nn.QuantLinear(64, 5, weight_bits=bits, power_of_two=power_of_two, bias=True),
    )


@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize(("before", "after"), [(4, 1), (1, 4), (8, 2), (2, 3), (3, 8), (4, 4)])
def test_a_width_that_is_set_is_a_width_that_was_built(before, after, power_of_two):
    changed, built = layers(before, power_of_two), layers(after, power_of_two)
    configure(changed, weight_bits=PerLayer(after))
    x = torch.randn(8, 2, 4, 4)
    for model in (changed, built):
        model(x).square().sum().backward()
    assert repr(changed) == repr(built)
    assert changed.state_dict().keys() == built.state_dict().keys()
    assert all(
        torch.equal(a.grad, b.grad)
        for a, b in zip(changed.parameters(), built.parameters(), strict=True)
    )
    assert torch.equal(changed.eval()(x), built.eval()(x))
    weight = changed[0].quant_weight().value.flatten(1)
    most = 2 if after == 1 else 2**after - 1
    assert max(len(row.unique()) for row in weight) <= most
    assert changed[0].weight_bits == after and changed[3].weight_bits == after


def test_eval_mode_stays():
    model = layers(4, False).eval()
    configure(model, weight_bits=PerLayer(2))
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("base", [2, 3])
@pytest.mark.parametrize(("before", "after"), [(4, 1), (1, 6), (3, 3)])
def test_steps_that_are_set_are_steps_that_were_built(base, before, after):
    """Thresholds that the first batch finds, and given ones: these keep the largest value."""
    z = torch.randn(500)
    changed, built = nn.SpikePack(before, base), nn.SpikePack(after, base)
    changed.set_steps(after)
    assert repr(changed) == repr(built)
    assert torch.equal(changed(z), built(z)) and torch.equal(
        changed.planes(changed(z)), built.planes(built(z))
    )
    given = nn.SpikePack(before, base, theta=0.25)
    top = given.code.max_value * float(given.fixed_theta)
    given.set_steps(after)
    assert given.code.max_value * float(given.fixed_theta) == pytest.approx(top)


def test_lif_takes_other_steps():
    changed, built = nn.LIF(2, leak=1, repeat=True), nn.LIF(5, leak=1, repeat=True)
    configure(torch.nn.Sequential(changed), steps=PerLayer(5))
    u = torch.rand(3, 7)
    assert (
        repr(changed) == repr(built)
        and torch.equal(changed(u), built(u))
        and changed(u).shape == (3, 5, 7)
    )


def test_by_layer():
    model = configure(
        find("digits-cnn").build(),
        steps=PerLayer(2, (("spike3", 5),)),
        weight_bits=PerLayer(None, (("fc", 8), ("conv1", 1))),
    )
    assert [model.spike1.steps, model.spike2.steps, model.spike3.steps, model.spike4.steps] == [
        2,
        2,
        5,
        2,
    ]
    assert [model.conv1.weight_bits, model.conv2.weight_bits, model.fc.weight_bits] == [1, 4, 8]
    inner = configure(
        find("events-cnn-lif").build(), weight_bits=PerLayer(2, (("block1.conv", 3),))
    )
    assert (inner.block1.conv.weight_bits, inner.block2.conv.weight_bits) == (3, 2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"weight_bits": PerLayer(2, (("fc9", 4),))},
            "weight bits of 'fc9': the network has no such layer; expected one of fc1, fc2, fc3",
        ),
        ({"weight_bits": PerLayer(None, (("spike1", 4),))}, "weight bits of 'spike1'"),
        ({"steps": PerLayer(2, (("fc1", 4),))}, "time steps of 'fc1'.*spike1, spike2"),
        ({"weight_bits": PerLayer(9)}, "1 to 8, got 9"),
        ({"steps": PerLayer(17)}, "1 to 16, got 17"),
    ],
)
def test_refusals_name_the_layer(options, match):
    with pytest.raises(SpikeLoomError, match=match):
        configure(find("digits-mlp").build(), **options)


def test_a_network_without_such_layers():
    with pytest.raises(SpikeLoomError, match="no layer of spikeloom.nn whose time steps"):
        configure(torch.nn.Sequential(torch.nn.Linear(2, 2)), steps=PerLayer(2))
    with pytest.raises(SpikeLoomError, match="expected none"):
        configure(
            torch.nn.Sequential(torch.nn.Linear(2, 2)), weight_bits=PerLayer(None, (("0", 2),))
        )


def test_a_checkpoint_of_other_widths_is_not_gone_on_from(tmp_path):
    """The widths are constants of the quantizers, in no state dict."""
    recipe = find("digits-mlp")
    train(recipe, tmp_path, epochs=1)
    for options in (
        {"weight_bits": PerLayer(None, (("fc2", 3),))},
        {"steps": PerLayer(None, (("spike1", 3),))},
    ):
        other = replace(recipe, build=lambda options=options: configure(recipe.build(), **options))
        assert train(other, tmp_path, epochs=1).epochs == 1
    assert train(recipe, tmp_path, epochs=1).epochs == 1


def test_described():
    assert described({"a": 4, "b": 4}) == "4"
    assert described({"a": 8, "b": 2, "c": 2, "d": 1}) == "2 a=8 d=1"
    assert described({}) == "–"
