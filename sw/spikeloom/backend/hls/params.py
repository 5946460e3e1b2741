"""The parameters of every layer as the headers know them (see ``types.hpp``)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from spikeloom.ir.number import signed_width
from spikeloom.mapping.plan.counters import WORK, counter_map
from spikeloom.mapping.plan.plan import Plan, Stage


@dataclass(frozen=True)
class Layer:
    """One struct of constants: integers and flags by name; lists: one for each number of time steps
    that is run, or for each channel.
    """

    name: str
    title: str
    constants: dict[str, int]
    flags: dict[str, bool]
    lists: dict[str, tuple[int, ...]]
    body: str


@dataclass(frozen=True)
class Ends:
    """Of the network: runs, channels, time steps and beats of its input, values of its output,
    counters in all and of one image.
    """

    runs: int
    group: int
    steps: int
    beats: int
    width: int
    values: int
    counters: int
    counted: int


def input_width(plan: Plan) -> int:
    """Bits of one input beat, rounded up to bytes, as the RTL core has it."""
    return (plan.input_group * plan.graph.input.code.steps + 7) // 8 * 8


def ends(plan: Plan) -> Ends:
    """Numbers of the whole network."""
    graph, source = plan.graph, plan.graph.input
    beats = prod(source.shape) // plan.input_group
    counters = len(counter_map(plan))
    values = prod(graph.shapes[graph.output.name])
    return Ends(
        len(plan.fewer) + 1,
        plan.input_group,
        source.code.steps,
        beats,
        input_width(plan),
        values,
        counters,
        counters - 2,
    )


def layer(stage: Stage, name: str) -> Layer:
    """The struct of a stage; ``name`` is its identifier."""
    f, node, runs = stage.folding, stage.layer, stage.runs
    constants = {
        "i_channels": stage.i_shape[0],
        "i_height": stage.i_shape[1],
        "i_width": stage.i_shape[2],
        "o_channels": stage.o_shape[0],
        "o_height": stage.o_shape[1],
        "o_width": stage.o_shape[2],
        "kernel_y": node.kernel[0],
        "kernel_x": node.kernel[1],
        "stride_y": node.stride[0],
        "stride_x": node.stride[1],
        "pad_top": node.padding[0],
        "pad_left": node.padding[1],
        "groups": stage.groups,
        "group": f.group,
        "banks": f.banks,
        "ports": f.ports,
        "elements": f.elements,
        "windows": f.windows,
        "neurons": stage.unit_count,
        "i_steps": stage.i_code.steps,
        "i_base": stage.i_code.base,
        "acc_width": stage.acc_width,
        "u_width": stage.u_width,
    }
    flags = {
        "i_signed": stage.i_code.signed,
        "per_step": stage.per_step,
        "joined": stage.skip_stage is not None,
    }
    lists = {"planes": tuple(run.planes for run in runs), "dealt": stage.dealt}
    if stage.o_code is not None:
        constants |= {"o_steps": stage.o_code.steps, "o_sign": stage.o_code.sign_bit}
        lists["live"] = tuple(run.o_code.live for run in runs if run.o_code is not None)
    if stage.neuron is not None:
        theta = stage.parameters.get("theta")
        lists["places"] = tuple(run.missing for run in runs)
        constants |= {
            "weight_width": stage.weight_width,
            "stored_width": stage.stored_width,
            "shift": stage.synapses.shift,
            "beta_width": signed_width(stage.beta_bound),
            "theta_width": 1 if theta is None else theta.width,
            "most_places": max(lists["places"]),
        }
        flags["binary"] = stage.binary
        for what, value in stage.neuron.settings.items():
            if isinstance(value, bool):
                flags[what] = value
            else:
                constants[what] = value
        offsets = stage.neuron.offsets(stage.neurons)
        lists |= {"offset": offsets} if offsets else {}
    if stage.skip_stage is not None:
        skips = [run.skip_stage for run in runs if run.skip_stage is not None]
        skip = stage.skip_stage
        lists |= {
            "skip_planes": tuple(s.planes for s in skips),
            "skip_places": tuple(s.missing for s in skips),
        }
        constants |= {
            "skip_steps": skip.i_code.steps,
            "skip_base": skip.i_code.base,
            "kappa_width": skip.weight_width,
        }
        constants["most_skip_places"] = max(lists["skip_places"])
        flags["skip_signed"] = skip.i_code.signed
    return Layer(name, node.name, constants, flags, lists, f.body.upper())


def work_address(plan: Plan, name: str) -> int:
    """Address of the first counter of an engine."""
    return dict(counter_map(plan))[f"{name}.{WORK[0]}"]


def stream_address(plan: Plan, name: str) -> int:
    """Address of the first counter of the spikes that leave a node."""
    return dict(counter_map(plan))[f"{name}.nonzero"]
