"""The IP packager: it infers buses from the ports of a Verilog file, as Vivado does, and knows what
a core needs in a block design.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.sw.backend.vivado.options import Call, TclFailure

LITE = """
    awaddr awprot awvalid awready wdata wstrb wvalid wready bresp bvalid bready
    araddr arprot arvalid arready rdata rresp rvalid rready
""".split()
FULL = [*LITE, "awlen", "awsize", "awburst", "arlen", "arsize", "arburst", "wlast", "rlast"]

PROPERTIES = {
    "core": {
        "name",
        "version",
        "display_name",
        "description",
        "vendor_display_name",
        "core_revision",
    },
    "bus": {"slave_memory_map_ref", "master_address_space_ref"},
    "parameter": {"value"},
    "map": set(),
    "block": {"range", "width", "usage", "access", "name"},
    "space": {"range", "width"},
}


REFERENCES = {
    ("bus/s_axi_control", "slave_memory_map_ref"): "s_axi_control",
    ("bus/m_axi_memory", "master_address_space_ref"): "m_axi_memory",
}
"""What ties a bus to its addresses."""


class Packager:
    """Objects are ``ipx:kind/name``. ``values`` holds what was set, by object and name."""

    def __init__(self, infers: bool) -> None:
        self.infers = infers
        self.root: Path | None = None
        self.files: list[Path] = []
        self.objects: list[str] = []
        self.values: dict[tuple[str, str], str] = {}
        self.associated: dict[str, set[str]] = {"busif": set(), "reset": set()}
        self.vendor = ""
        self.done: list[str] = []

    def call(self, call: Call, files: list[Path]) -> object:
        name = call.name.removeprefix("ipx::")
        if name == "package_project":
            return self.package(call, files)
        if self.root is None:
            raise TclFailure("[IP_Flow 19-3] no core is open")
        if name == "current_core":
            return "ipx:core"
        kinds = {
            "bus_interfaces": "bus",
            "bus_parameters": "parameter",
            "memory_maps": "map",
            "address_blocks": "block",
            "address_spaces": "space",
        }
        if name.startswith("get_"):
            return self.get(kinds[name.removeprefix("get_")], call)
        if name.startswith("add_"):
            return self.add(kinds[f"{name.removeprefix('add_')}s"], call)
        return getattr(self, name)(call)

    def package(self, call: Call, files: list[Path]) -> None:
        options = call.options
        if (
            not {"-import_files", "-root_dir", "-vendor", "-library", "-taxonomy"} <= set(options)
            or options["-set_current"] != "true"
        ):
            raise TclFailure(f"[IP_Flow 19-1] {call}")
        readable(files)
        self.root, self.files = Path(options["-root_dir"]), list(files)
        self.vendor = f"{options['-vendor']}:{options['-library']}"
        text = next(path for path in files if path.name == "shell.v").read_text()
        body = text[text.index("module shell") : text.index("endmodule")]
        ports = set(
            re.findall(r"^\s*(?:input|output)\s+(?:\[[^]]*\]\s+)?(\w+);", body, re.MULTILINE)
        )
        for bus, wanted in (("s_axi_control", LITE), ("m_axi_memory", FULL)):
            if {f"{bus}_{signal}" for signal in wanted} <= ports:
                self.objects.append(f"ipx:bus/{bus}")
        self.objects += [f"ipx:bus/{name}" for name in ("aclk", "aresetn") if name in ports]
        if self.infers and "ipx:bus/s_axi_control" in self.objects:
            self.objects += ["ipx:map/s_axi_control", "ipx:block/s_axi_control/reg0"]
        if self.infers and "ipx:bus/m_axi_memory" in self.objects:
            self.objects.append("ipx:space/m_axi_memory")

    def get(self, kind: str, call: Call) -> tuple[str, ...]:
        parent = call.options["-of_objects"].removeprefix("ipx:").split("/", 1)[-1]
        if kind in ("parameter", "block"):
            pattern = f"ipx:{kind}/{parent}/{call.one()}"
        else:
            pattern = f"ipx:{kind}/{call.one()}"
        return tuple(
            name
            for name in self.objects
            if re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), name)
        )

    def add(self, kind: str, call: Call) -> str:
        name, parent = call.rest
        made = (
            f"ipx:{kind}/{name}"
            if parent == "ipx:core"
            else f"ipx:{kind}/{parent.split('/', 1)[1]}/{name}"
        )
        if made in self.objects:
            raise TclFailure(f"[IP_Flow 19-2] {made} is there already")
        self.objects.append(made)
        return made

    def set(self, target: str, name: str, value: str) -> None:
        if name not in PROPERTIES[target.split("/")[0]]:
            raise TclFailure(
                f"[Common 17-54] The object '{target}' does not have a property '{name}'"
            )
        self.values[target, name] = value

    def associate_bus_interfaces(self, call: Call) -> None:
        named = [call.options[key] for key in ("-busif", "-clock", "-reset") if key in call.options]
        if (
            call.options.get("-clock") != "aclk"
            or call.one() != "ipx:core"
            or any(f"ipx:bus/{name}" not in self.objects for name in named)
        ):
            raise TclFailure(f"[IP_Flow 19-4] {call}")
        for key in ("busif", "reset"):
            if f"-{key}" in call.options:
                self.associated[key].add(call.options[f"-{key}"])

    def create_xgui_files(self, call: Call) -> None:
        assert call.one() == "ipx:core"
        self.done.append("xgui")

    def update_checksums(self, call: Call) -> None:
        assert call.one() == "ipx:core"
        self.done.append("checksums")

    def save_core(self, call: Call) -> None:
        complete = self.associated == {
            "busif": {"s_axi_control", "m_axi_memory"},
            "reset": {"aresetn"},
        }
        polarity = self.values.get(("parameter/aresetn/POLARITY", "value"))
        references = (
            {key: self.values.get(key) for key in REFERENCES} if not self.infers else REFERENCES
        )
        ready = self.done == ["xgui", "checksums"] and references == REFERENCES
        if self.root is None or not ready or not complete or polarity != "ACTIVE_LOW":
            raise TclFailure("[IP_Flow 19-5] the core is not complete")
        (self.root / "src").mkdir(parents=True)
        for path in self.files:
            shutil.copyfile(path, self.root / "src" / path.name)
        name, version = (self.values["core", key] for key in ("name", "version"))
        (self.root / "component.xml").write_text(f"{self.vendor}:{name}:{version}\n")


def readable(files: list[Path]) -> None:
    """What the Verilog reads must be among the files of a project."""
    names = {path.name for path in files}
    for path in files:
        for name in re.findall(r'\$readmemh\("([^"]+)"', path.read_text()):
            if name not in names:
                raise TclFailure(f"[Synth 8-4445] could not open $readmem data file '{name}'")
