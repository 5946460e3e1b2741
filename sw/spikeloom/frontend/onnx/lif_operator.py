"""LIF neurons in ONNX: one node per neuron, and a local function of standard operators that defines
it.

A node has domain ``ai.spikeloom`` and an operator name that carries its form, no attributes::

    LIF_T8_K2_hard            8 time steps, leak 2^-2, hard reset; the leak floors (frozen)
    LIF_T8_K2_soft_repeat     soft reset; one current (N, ...) for all time steps
    LIF_T4_K0_hard_real       IF (no leak); `_real`: the leak does not floor (`trained.onnx`)

    input 0   currents, float32: (N, T, C, ...), or (N, C, ...) with `_repeat`
    input 1   theta, float32: scalar or (C,), > 0
    output 0  spikes 0.0 or 1.0, float32: (N, T, C, ...)

    m = 0;  for t = 1..T:  m = m - floor(m / 2^leak) + u_t  (leak 0: m + u_t);  s_t = (m >= theta);
                           m = 0 where s_t (hard), or m - theta * s_t (soft)

On integers below 2^24 the floor form is exactly :class:`spikeloom.ir.neurons.LIF`, for ``m >> k``
is ``floor(m / 2^k)``. A model that holds such nodes holds one FunctionProto per form, so
onnxruntime executes it as it is; qonnx's executor runs node by node and needs :func:`inline` first.
The domain must not be the name of a Python module: qonnx takes such a domain for a package of
custom operators.
"""

from __future__ import annotations

import re

import onnx
from onnx import FunctionProto, ModelProto, NodeProto, helper, inliner

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir.number import MAX_STEPS

DOMAIN = "ai.spikeloom"
OPSET = 20
_NAME = re.compile(r"LIF_T(\d+)_K(\d+)_(hard|soft)(_repeat)?(_real)?")


def op_name(steps: int, leak: int, hard_reset: bool, repeat: bool, real: bool = False) -> str:
    """Operator name of one form. Raises SpikeLoomError if steps or leak is out of range."""
    if not 1 <= steps <= MAX_STEPS or not 0 <= leak <= 30:
        raise SpikeLoomError(
            f"LIF: steps must be 1 to {MAX_STEPS} and leak 0 to 30, got {steps} and {leak}"
        )
    form = ("_hard" if hard_reset else "_soft") + "_repeat" * repeat + "_real" * real
    return f"LIF_T{steps}_K{leak}{form}"


def is_lif(node: NodeProto) -> bool:
    return node.domain == DOMAIN and node.op_type.startswith("LIF_")


def _match(node: NodeProto) -> re.Match[str]:
    match = _NAME.fullmatch(node.op_type) if node.domain == DOMAIN else None
    if match is None:
        raise UnsupportedError(
            f"{node.name}: expected an operator like {DOMAIN}::LIF_T8_K2_hard, found"
            f" {node.domain}::{node.op_type}"
        )
    return match


def parse(node: NodeProto) -> tuple[int, int, bool, bool]:
    """(steps, leak, hard_reset, repeat) of a LIF node. Raises UnsupportedError if it is none."""
    steps, leak, reset, repeat, _ = _match(node).groups()
    op_name(int(steps), int(leak), reset == "hard", repeat is not None)
    return int(steps), int(leak), reset == "hard", repeat is not None


def is_real(node: NodeProto) -> bool:
    """Whether a LIF node leaks without floor (float training)."""
    return _match(node).group(5) is not None


def _constant(name: str, value: float) -> NodeProto:
    return helper.make_node("Constant", [], [name], value_float=value)


def _theta_in_shape(leading: int) -> list[NodeProto]:
    """theta (scalar or (C,)) gets trailing axes of length 1, whatever the rank of the currents: it
    broadcasts over (N, C, ...).
    """
    node = helper.make_node
    return [
        node("Shape", ["u"], ["u_shape"]),
        node("Size", ["u_shape"], ["rank"]),
        node("Constant", [], ["leading"], value_ints=[leading]),
        node("Sub", ["rank", "leading"], ["trailing"]),
        node(
            "ConstantOfShape",
            ["trailing"],
            ["ones"],
            value=helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1]),
        ),
        node("Shape", ["theta"], ["theta_shape"]),
        node("Concat", ["theta_shape", "ones"], ["full_shape"], axis=0),
        node("Reshape", ["theta", "full_shape"], ["threshold"]),
    ]


def _theta_known(trailing: int) -> list[NodeProto]:
    """The same where the number of trailing axes is known: all shapes can then be inferred."""
    node = helper.make_node
    axes = list(range(1, trailing + 1))
    return [
        node("Constant", [], ["trailing"], value_ints=axes),
        node("Unsqueeze", ["theta", "trailing"], ["threshold"]),
    ]


def _step(t: int, leak: int, hard_reset: bool, repeat: bool, real: bool) -> list[NodeProto]:
    node = helper.make_node
    nodes = []
    current = "u"
    if not repeat:
        current = f"u{t}"
        nodes += [
            node("Constant", [], [f"t{t}"], value_int=t),
            node("Gather", ["u", f"t{t}"], [current], axis=1),
        ]
    membrane = current
    if t:
        kept = f"m{t - 1}"
        if leak:
            nodes.append(node("Div", [kept, "leak"], [f"share{t}"]))
            if not real:
                nodes.append(node("Floor", [f"share{t}"], [f"floor{t}"]))
            nodes.append(node("Sub", [kept, f"share{t}" if real else f"floor{t}"], [f"leaked{t}"]))
            kept = f"leaked{t}"
        membrane = f"charged{t}"
        nodes.append(node("Add", [kept, current], [membrane]))
    nodes.append(node("GreaterOrEqual", [membrane, "threshold"], [f"fires{t}"]))
    nodes.append(node("Where", [f"fires{t}", "one", "zero"], [f"s{t}"]))
    if hard_reset:
        nodes.append(node("Where", [f"fires{t}", "zero", membrane], [f"m{t}"]))
    else:
        nodes.append(node("Mul", [f"s{t}", "threshold"], [f"back{t}"]))
        nodes.append(node("Sub", [membrane, f"back{t}"], [f"m{t}"]))
    nodes.append(node("Unsqueeze", [f"s{t}", "step_axis"], [f"spikes{t}"]))
    return nodes


def lif_function(
    steps: int, leak: int, hard_reset: bool, repeat: bool, real: bool = False
) -> FunctionProto:
    """The definition of one form, unrolled over its time steps. Raises SpikeLoomError if steps or
    leak is out of range.
    """
    name = op_name(steps, leak, hard_reset, repeat, real)
    return _function(
        name, _theta_in_shape(2 if repeat else 3), steps, leak, hard_reset, repeat, real
    )


def _function(
    name: str,
    theta: list[NodeProto],
    steps: int,
    leak: int,
    hard_reset: bool,
    repeat: bool,
    real: bool,
) -> FunctionProto:
    nodes = [
        _constant("zero", 0.0),
        _constant("one", 1.0),
        _constant("leak", float(1 << leak)),
        helper.make_node("Constant", [], ["step_axis"], value_ints=[1]),
        *theta,
    ]
    for t in range(steps):
        nodes += _step(t, leak, hard_reset, repeat, real)
    nodes.append(helper.make_node("Concat", [f"spikes{t}" for t in range(steps)], ["s"], axis=1))
    return helper.make_function(
        DOMAIN, name, ["u", "theta"], ["s"], nodes, [helper.make_opsetid("", OPSET)]
    )


def add_functions(model: ModelProto) -> None:
    """Give a model the functions of all LIF nodes it holds, and the import of their domain. Does
    nothing where there are none.
    """
    present = {f.name for f in model.functions if f.domain == DOMAIN}
    used = {node.op_type: node for node in model.graph.node if is_lif(node)}
    for op_type in sorted(used):
        if op_type not in present:
            model.functions.append(lif_function(*parse(used[op_type]), real=is_real(used[op_type])))
    if used and all(opset.domain != DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _ranks(model: ModelProto) -> dict[str, int]:
    graph = model.graph
    ranks = {constant.name: len(constant.dims) for constant in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.type.tensor_type.HasField("shape"):
            ranks.setdefault(value.name, len(value.type.tensor_type.shape.dim))
    return ranks


def inline(model: ModelProto) -> ModelProto:
    """A copy with every LIF node written out as standard operators of known shapes, for tools
    without local functions.

    Raises UnsupportedError if the shape of a LIF node's input is not in the file.
    """
    plain = ModelProto()
    plain.CopyFrom(model)
    others = [function for function in plain.functions if function.domain != DOMAIN]
    ranks, functions = _ranks(model), {}
    for node in plain.graph.node:
        if not is_lif(node):
            continue
        if any(name not in ranks for name in node.input):
            raise UnsupportedError(
                f"{node.name}: the shape of its input is not in the file; infer shapes first"
            )
        steps, leak, hard_reset, repeat = parse(node)
        real, trailing = is_real(node), ranks[node.input[0]] - (2 if repeat else 3)
        theta = (
            [helper.make_node("Identity", ["theta"], ["threshold"])]
            if ranks[node.input[1]] == 0
            else _theta_known(trailing)
        )
        node.op_type = f"{node.op_type}_{ranks[node.input[0]]}_{ranks[node.input[1]]}"
        functions[node.op_type] = _function(
            node.op_type, theta, steps, leak, hard_reset, repeat, real
        )
    del plain.functions[:]
    plain.functions.extend([*others, *functions.values()])
    return inliner.inline_local_functions(plain)
