"""LIF neurons in ONNX: one node per neuron, and a local function of standard operators that defines
it.

A node has domain ``ai.spikeloom``, and attributes that say what it is::

    steps=8 leak=2 reset="hard" repeat=0 floor=1

    steps     T, 1 to 16
    leak      the membrane loses a share of 2^-leak per time step; 0 for IF
    reset     "hard": to zero; "soft": by the threshold
    repeat    1: one current (N, C, ...) for all time steps
    floor     1: the leak floors, as that of integers does (frozen); 0: it does not (trained)

    input 0   currents, float32: (N, T, C, ...), or (N, C, ...) with repeat
    input 1   theta, float32: scalar or (C,), > 0
    output 0  spikes 0.0 or 1.0, float32: (N, T, C, ...)

    m = 0;  for t = 1..T:  m = m - floor(m / 2^leak) + u_t  (leak 0: m + u_t);  s_t = (m >= theta);
                           m = 0 where s_t (hard), or m - theta * s_t (soft)

On integers below 2^24 the floor form is exactly :class:`spikeloom.ir.neurons.LIF`, for ``m >> k``
is ``floor(m / 2^k)``. A model that holds such nodes holds one FunctionProto per form, unrolled over
its time steps so that all shapes can be inferred. onnxruntime executes it as it is; qonnx's
executor runs node by node and needs :func:`inline` first. ONNX finds a function by the node's
operator name, which is therefore another one for each form (``LIF_T8_K2_hard``). Readers look at
the attributes alone.

The domain must not be the name of a Python module: qonnx takes such a domain for a package of
custom operators.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import onnx
from onnx import FunctionProto, ModelProto, NodeProto, helper, inliner

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir.number import MAX_STEPS

DOMAIN = "ai.spikeloom"
OPSET = 20

RESETS = ("soft", "hard")


@dataclass(frozen=True)
class Form:
    """The attributes of a node.

    Raises
    ------
    SpikeLoomError: steps, leak or reset is out of range.
    """

    steps: int
    leak: int
    reset: str
    repeat: int
    floor: int

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS or not 0 <= self.leak <= 30:
            raise SpikeLoomError(
                f"LIF: steps must be 1 to {MAX_STEPS} and leak 0 to 30, got {self.steps} and"
                f" {self.leak}"
            )
        if self.reset not in RESETS:
            raise SpikeLoomError(f"LIF: reset must be soft or hard, got {self.reset!r}")
        if not {self.repeat, self.floor} <= {0, 1}:
            raise SpikeLoomError(
                f"LIF: repeat and floor must be 0 or 1, got {self.repeat} and {self.floor}"
            )

    @property
    def hard_reset(self) -> bool:
        return self.reset == "hard"

    @property
    def attributes(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def function(self) -> str:
        """Name of the function that defines it."""
        form = f"_{self.reset}" + "_repeat" * self.repeat + "_real" * (1 - self.floor)
        return f"LIF_T{self.steps}_K{self.leak}{form}"


def form(steps: int, leak: int, hard_reset: bool, repeat: bool = False, floor: bool = True) -> Form:
    """Raises SpikeLoomError if steps or leak is out of range."""
    return Form(steps, leak, RESETS[hard_reset], int(repeat), int(floor))


def is_lif(node: NodeProto) -> bool:
    return node.domain == DOMAIN and node.op_type.startswith("LIF")


def form_of(node: NodeProto) -> Form:
    """What a LIF node is. Raises UnsupportedError where its attributes are not all there,
    SpikeLoomError where one is out of range.
    """
    found = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    named = {field.name for field in fields(Form)}
    numbers = {name: value for name, value in found.items() if name != "reset"}
    if (
        node.domain != DOMAIN
        or set(found) != named
        or not isinstance(found["reset"], bytes)
        or not all(isinstance(value, int) for value in numbers.values())
    ):
        raise UnsupportedError(
            f"{node.name}: expected a node of {DOMAIN} with the attributes"
            f" {', '.join(sorted(named))}, found {node.domain}::{node.op_type} with"
            f" {', '.join(sorted(found)) or 'none'}; export the network again"
        )
    return Form(reset=found["reset"].decode("ascii", "replace"), **numbers)


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


def _step(t: int, form: Form) -> list[NodeProto]:
    node = helper.make_node
    nodes = []
    current = "u"
    if not form.repeat:
        current = f"u{t}"
        nodes += [
            node("Constant", [], [f"t{t}"], value_int=t),
            node("Gather", ["u", f"t{t}"], [current], axis=1),
        ]
    membrane = current
    if t:
        kept = f"m{t - 1}"
        if form.leak:
            nodes.append(node("Div", [kept, "leak"], [f"share{t}"]))
            if form.floor:
                nodes.append(node("Floor", [f"share{t}"], [f"floor{t}"]))
            nodes.append(
                node("Sub", [kept, f"floor{t}" if form.floor else f"share{t}"], [f"leaked{t}"])
            )
            kept = f"leaked{t}"
        membrane = f"charged{t}"
        nodes.append(node("Add", [kept, current], [membrane]))
    nodes.append(node("GreaterOrEqual", [membrane, "threshold"], [f"fires{t}"]))
    nodes.append(node("Where", [f"fires{t}", "one", "zero"], [f"s{t}"]))
    if form.hard_reset:
        nodes.append(node("Where", [f"fires{t}", "zero", membrane], [f"m{t}"]))
    else:
        nodes.append(node("Mul", [f"s{t}", "threshold"], [f"back{t}"]))
        nodes.append(node("Sub", [membrane, f"back{t}"], [f"m{t}"]))
    nodes.append(node("Unsqueeze", [f"s{t}", "step_axis"], [f"spikes{t}"]))
    return nodes


def lif_function(form: Form) -> FunctionProto:
    """The definition of one form, unrolled over its time steps."""
    return _function(form.function, _theta_in_shape(2 if form.repeat else 3), form)


def _function(name: str, theta: list[NodeProto], form: Form) -> FunctionProto:
    nodes = [
        _constant("zero", 0.0),
        _constant("one", 1.0),
        _constant("leak", float(1 << form.leak)),
        helper.make_node("Constant", [], ["step_axis"], value_ints=[1]),
        *theta,
    ]
    for t in range(form.steps):
        nodes += _step(t, form)
    spikes = [f"spikes{t}" for t in range(form.steps)]
    nodes.append(helper.make_node("Concat", spikes, ["s"], axis=1))
    return helper.make_function(
        DOMAIN,
        name,
        ["u", "theta"],
        ["s"],
        nodes,
        [helper.make_opsetid("", OPSET)],
        attributes=sorted(form.attributes),
    )


def add_functions(model: ModelProto) -> None:
    """Give a model the functions of all LIF nodes it holds, and the import of their domain. Does
    nothing where there are none.
    """
    present = {f.name for f in model.functions if f.domain == DOMAIN}
    used = {node.op_type: form_of(node) for node in model.graph.node if is_lif(node)}
    for name in sorted(set(used) - present):
        model.functions.append(lif_function(used[name]))
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
        form = form_of(node)
        trailing = ranks[node.input[0]] - (2 if form.repeat else 3)
        theta = (
            [helper.make_node("Identity", ["theta"], ["threshold"])]
            if ranks[node.input[1]] == 0
            else _theta_known(trailing)
        )
        node.op_type = f"{form.function}_{ranks[node.input[0]]}_{ranks[node.input[1]]}"
        functions[node.op_type] = _function(node.op_type, theta, form)
    del plain.functions[:]
    plain.functions.extend([*others, *functions.values()])
    return inliner.inline_local_functions(plain)
