"""Vivado's commands, as far as the flow uses them: they remember what was asked for, refuse what
cannot be, and write files.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from spikeloom.backend.bitstream.bitfile import SYNC, BitFile, dump

from tests.sw.backend.vivado import texts
from tests.sw.backend.vivado.cores import CATALOGUE
from tests.sw.backend.vivado.design import Design, matching
from tests.sw.backend.vivado.options import Call, TclFailure, parse
from tests.sw.backend.vivado.packager import Packager
from tests.sw.backend.vivado.setup import SIZES, Project, Setup

LISTS = tkinter.Tcl()

ORDER = ("", "synthesised", "optimised", "placed", "routed")
"""States of the design in memory."""


class Vivado:
    """Answers commands. ``handoff``: text of the .hwh that generating the block design writes,
    given the settings of its clock.
    """

    def __init__(
        self, folder: Path, setup: Setup, handoff: Callable[[Design], str], stages: tuple[str, ...]
    ) -> None:
        self.folder, self.setup, self.handoff, self.stages = folder, setup, handoff, stages
        self.calls: list[Call] = []
        self.lines: list[str] = []
        self.project: Project | None = None
        self.projects: list[str] = []
        self.design: Design | None = None
        self.wrapped = False
        self.state = ORDER[0]
        self.top = ""
        self.design_properties: dict[str, str] = {}
        self.constraints: list[Path] = []
        self.packager = Packager(setup.infers)
        self.repository: dict[str, str] = {}
        self.preset = False

    # What the interpreter calls.

    def say(self, line: str) -> None:
        self.lines.append(line)

    def call(self, name: str, arguments: tuple[str, ...]) -> object:
        call = parse(name, arguments)
        self.calls.append(call)
        count = sum(other.name == name for other in self.calls)
        if self.setup.fail in (name, f"{name}:{count}"):
            raise TclFailure(self.setup.message)
        if name.startswith("ipx::"):
            if "-root_dir" in call.options:
                self.to_write(call.options["-root_dir"])
            if call.name == "ipx::package_project" and self.open_project().ordered != "shell":
                raise TclFailure("[IP_Flow 19-3] the top module is not known")
            return self.packager.call(call, self.open_project().files)
        return getattr(self, name)(call)

    # Projects and files.

    def open_project(self) -> Project:
        if self.project is None:
            raise TclFailure("[Common 17-53] User Exception: No open project.")
        return self.project

    def version(self, call: Call) -> str:
        return (
            self.setup.version
            if "-short" in call.options
            else f"Vivado v{self.setup.version} (64-bit)"
        )

    def get_parts(self, call: Call) -> tuple[str, ...]:
        return tuple(part for part in self.setup.parts if fnmatchcase(part, call.one()))

    def get_board_parts(self, call: Call) -> tuple[str, ...]:
        return tuple(part for part in self.setup.boards if fnmatchcase(part, call.one()))

    def create_project(self, call: Call) -> str:
        if self.project is not None:
            raise TclFailure("[Coretcl 2-1505] a project is open already")
        if call.options["-part"] not in self.setup.parts:
            raise TclFailure(
                f"[Coretcl 2-106] Specified part {call.options['-part']} could not be found."
            )
        if "-in_memory" in call.options:
            self.project = Project("in_memory", None, call.options["-part"])
            return "in_memory"
        name, folder = call.rest
        self.to_write(folder).mkdir()
        (Path(folder) / f"{name}.xpr").write_text("project\n")
        self.project = Project(name, Path(folder), call.options["-part"])
        self.projects.append(name)
        return name

    def close_project(self, call: Call) -> None:
        self.open_project()
        self.project, self.design, self.wrapped, self.state = None, None, False, ORDER[0]

    def current_project(self, call: Call) -> str:
        return f"project:{self.open_project().name}"

    def current_fileset(self, call: Call) -> str:
        self.open_project()
        return "fileset:sources_1"

    def current_design(self, call: Call) -> str:
        if self.state == ORDER[0]:
            raise TclFailure("[Common 17-69] no open design")
        return "design:impl"

    def add_files(self, call: Call) -> None:
        for name in self.words(call.one()):
            if not Path(name).is_file():
                raise TclFailure(f"[Vivado 12-172] File or directory '{name}' does not exist")
            self.open_project().files.append(Path(name))

    read_verilog = add_files

    def read_xdc(self, call: Call) -> None:
        if call.options["-mode"] != "out_of_context" or not Path(call.one()).is_file():
            raise TclFailure(f"[Common 17-55] {call}")
        self.constraints.append(Path(call.one()))

    def get_files(self, call: Call) -> tuple[str, ...]:
        there = [str(path) for path in self.open_project().files]
        if self.design is not None and self.project is not None and self.project.folder is not None:
            there.append(str(self.project.folder / "system.srcs/sources_1/bd/system/system.bd"))
        return tuple(path for path in there if fnmatchcase(Path(path).name, call.one()))

    def update_compile_order(self, call: Call) -> None:
        if call.options["-fileset"] != "sources_1":
            raise TclFailure("[Vivado 12-172] no such fileset")
        self.open_project().ordered = self.open_project().properties["top"]

    def set_property(self, call: Call) -> None:
        if "-dict" in call.options:
            words = self.words(call.options["-dict"])
            target, pairs = call.one(), list(zip(words[::2], words[1::2], strict=True))
        else:
            name, value, target = call.rest
            pairs = [(name, value)]
        for name, value in pairs:
            for one in self.words(target):
                self.set_one(name, value, one)

    @staticmethod
    def words(text: str) -> list[str]:
        return [str(word) for word in LISTS.splitlist(text)]

    def set_one(self, name: str, value: str, target: str) -> None:
        kind, _, rest = target.partition(":")
        if target.startswith("/") and self.design is not None and name.startswith("CONFIG."):
            self.design.cells[target[1:]].set(name.removeprefix("CONFIG."), value)
            self.design.valid = False
        elif kind in ("project", "fileset") and name in ("board_part", "ip_repo_paths", "top"):
            if name == "board_part" and value not in self.setup.boards:
                raise TclFailure(f"[Board 49-71] no such board part {value}")
            self.open_project().properties[name] = value
        elif kind == "design" and name in (
            "BITSTREAM.CONFIG.USERID",
            "BITSTREAM.CONFIG.USR_ACCESS",
            "BITSTREAM.GENERAL.COMPRESS",
        ):
            self.design_properties[name] = value
        elif target.endswith(".bd") and (name, value) in (
            ("synth_checkpoint_mode", "None"),
            ("synth_checkpoint_mode", "Hierarchical"),
        ):
            self.open_project().properties[name] = value
        elif kind == "ipx":
            self.packager.set(rest, name, value)
        else:
            raise TclFailure(
                f"[Common 17-54] The object '{target}' does not have a property '{name}'"
            )

    def get_property(self, call: Call) -> str:
        name, target = call.rest
        if name == "SLACK" and target.startswith("path:"):
            return target.removeprefix("path:")
        raise TclFailure(f"[Common 17-54] The object '{target}' does not have a property '{name}'")

    # The block design.

    def update_ip_catalog(self, call: Call) -> None:
        folder = Path(self.open_project().properties["ip_repo_paths"])
        if (folder / "component.xml").is_file():
            vlnv = (folder / "component.xml").read_text().strip()
            self.repository[vlnv.split(":")[2]] = vlnv

    def get_ipdefs(self, call: Call) -> tuple[str, ...]:
        known = [vlnv for found in CATALOGUE.values() for vlnv in found]
        return tuple(vlnv for vlnv in known if fnmatchcase(vlnv, call.one()))

    def create_bd_design(self, call: Call) -> str:
        self.open_project()
        self.design = Design(call.one())
        return call.one()

    def bd(self) -> Design:
        if self.design is None:
            raise TclFailure("[BD 5-104] no block design is open")
        return self.design

    def create_bd_cell(self, call: Call) -> str:
        vlnv = call.options["-vlnv"]
        known = {vlnv for found in CATALOGUE.values() for vlnv in found[-1:]} | set(
            self.repository.values()
        )
        if call.options["-type"] != "ip" or vlnv not in known:
            raise TclFailure(f"[BD 5-216] VLNV <{vlnv}> is not supported for the current part.")
        return self.bd().add(call.one(), vlnv.split(":")[2])

    def apply_bd_automation(self, call: Call) -> None:
        if call.options["-rule"] != "xilinx.com:bd_rule:zynq_ultra_ps_e" or self.words(
            call.options["-config"]
        ) != [
            "apply_board_preset",
            "1",
        ]:
            raise TclFailure(f"[BD 5-134] {call}")
        if (
            "board_part" not in self.open_project().properties
            or self.bd().cells[call.one()[1:]].kind != "zynq_ultra_ps_e"
        ):
            raise TclFailure("[BD 5-134] no board, no preset")
        self.preset = True

    def create_bd_intf_port(self, call: Call) -> str:
        known = {
            "DDR": "xilinx.com:interface:ddrx_rtl:1.0",
            "FIXED_IO": "xilinx.com:display_processing_system7:fixedio_rtl:1.0",
        }
        if call.options["-mode"] != "Master" or known[call.one()] != call.options["-vlnv"]:
            raise TclFailure(f"[BD 5-94] {call}")
        self.bd().ports[f"/{call.one()}"] = call.options["-vlnv"]
        return f"/{call.one()}"

    def connect_bd_net(self, call: Call) -> None:
        self.bd().connect(call.rest)

    def connect_bd_intf_net(self, call: Call) -> None:
        self.bd().link(call.rest)

    def get_bd_pins(self, call: Call) -> tuple[str, ...]:
        return matching(list(self.bd().pins()), call.rest)

    def get_bd_intf_pins(self, call: Call) -> tuple[str, ...]:
        return matching(list(self.bd().interfaces()), call.rest)

    def get_bd_intf_ports(self, call: Call) -> tuple[str, ...]:
        return matching(list(self.bd().ports), call.rest)

    def get_bd_addr_segs(self, call: Call) -> tuple[str, ...]:
        return matching(self.bd().segments(), call.rest)

    def get_bd_addr_spaces(self, call: Call) -> tuple[str, ...]:
        return matching(self.bd().spaces(), call.rest)

    def assign_bd_address(self, call: Call) -> None:
        offset, size = (
            int(call.options[key], 0) if key in call.options else None
            for key in ("-offset", "-range")
        )
        for segment in self.words(call.one()):
            self.bd().assign(call.options["-target_address_space"], segment, offset, size)

    def exclude_bd_addr_seg(self, call: Call) -> None:
        self.bd().exclude(call.options["-target_address_space"], call.one())

    def validate_bd_design(self, call: Call) -> None:
        self.bd().validate()

    def save_bd_design(self, call: Call) -> None:
        self.bd().saved = True

    def generate_target(self, call: Call) -> None:
        what, (path,) = call.rest[0], self.words(call.rest[1])
        project, design = self.open_project(), self.bd()
        if (
            what != "all"
            or not path.endswith("system.bd")
            or not design.valid
            or not design.saved
            or project.folder is None
        ):
            raise TclFailure(f"[BD 41-1031] cannot generate {call}")
        if project.properties.get("synth_checkpoint_mode") != "None":
            raise TclFailure("the cores would have to be synthesised before the system")
        design.generated = True
        place = project.folder / self.setup.handoff
        place.mkdir(parents=True)
        (place / "system.hwh").write_text(self.handoff(design))

    def make_wrapper(self, call: Call) -> str:
        project = self.open_project()
        if (
            "-top" not in call.options
            or not self.words(call.options["-files"])[0].endswith("system.bd")
            or project.folder is None
        ):
            raise TclFailure(f"[BD 41-1] {call}")
        path = project.folder / "system.gen/sources_1/bd/system/hdl/system_wrapper.v"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("module system_wrapper; endmodule\n")
        return str(path)

    # Synthesis to bitstream.

    def step(self, call: Call, before: str, after: str) -> None:
        if self.state != before:
            raise TclFailure(
                f"[Common 17-69] {call.name}: the design is {self.state or 'not open'}, not"
                f" {before}"
            )
        self.state = after

    def synth_design(self, call: Call) -> None:
        project, top = self.open_project(), call.options["-top"]
        if call.options["-part"] != project.part or call.options["-flatten_hierarchy"] not in (
            "rebuilt",
            "none",
            "full",
        ):
            raise TclFailure(f"[Synth 8-1] {call}")
        modules = {path.stem for path in project.files}
        whole = (
            top == "system_wrapper"
            and self.design is not None
            and self.design.generated
            and project.ordered == top
        )
        alone = (
            top == "shell"
            and {"shell", "top"} <= modules
            and call.options.get("-mode") == "out_of_context"
            and bool(self.constraints)
        )
        if top not in modules or not (whole or alone):
            raise TclFailure(f"[Synth 8-439] module '{top}' not found")
        self.top = top
        self.step(call, "", "synthesised")

    def opt_design(self, call: Call) -> None:
        self.step(call, "synthesised", "optimised")

    def place_design(self, call: Call) -> None:
        self.step(call, "optimised", "placed")
        # Vivado leaves this where it stands.
        Path("clockInfo.txt").write_text("clocks\n")

    def phys_opt_design(self, call: Call) -> None:
        self.step(call, "placed", "placed")

    def route_design(self, call: Call) -> None:
        self.step(call, "placed", "routed")

    def facts(self) -> texts.Facts:
        prefix = "system_i/shell_0/inst/" if self.top == "system_wrapper" else ""
        project = self.open_project()
        return texts.Facts(
            version=self.setup.version,
            part=project.part,
            top=self.top,
            state=self.state,
            clock=(
                "aclk"
                if self.top == "shell"
                else ("clk_fpga_0" if project.part.startswith("xc7") else "clk_pl_0")
            ),
            period=self.period(),
            slack=self.slack(),
            hold=self.setup.hold,
            pulse=self.setup.pulse,
            worst=prefix + self.setup.component,
            stages=self.stages,
        )

    def slack(self) -> str:
        kind, _, length = self.setup.slack.partition(" ")
        return f"{self.period() - float(length):.3f}" if kind == "path" else self.setup.slack

    def period(self) -> float:
        if self.top == "shell":
            return float(self.constraints[0].read_text().split("-period ")[1].split()[0])
        cell = next(
            cell
            for cell in self.bd().cells.values()
            if cell.kind in ("processing_system7", "zynq_ultra_ps_e")
        )
        name = (
            "PCW_FPGA0_PERIPHERAL_FREQMHZ"
            if cell.kind == "processing_system7"
            else "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"
        )
        return 1000 / float(cell.values[name])

    def to_write(self, name: str) -> Path:
        """The path itself; nothing outside of the folder may be written, and no folder is made on
        the way.
        """
        path = Path(name)
        if (
            not path.is_absolute()
            or self.folder.resolve() not in path.resolve().parents
            or not path.parent.is_dir()
        ):
            raise TclFailure(f"[Common 17-176] cannot open {path}")
        return path

    def write(self, call: Call, text: str) -> None:
        self.current_design(call)
        self.to_write(call.options["-file"]).write_text(text)

    def report_utilization(self, call: Call) -> None:
        self.write(
            call,
            (
                texts.hierarchy(self.facts())
                if "-hierarchical" in call.options
                else texts.utilization(self.facts())
            ),
        )

    def report_timing_summary(self, call: Call) -> str | None:
        if "-return_string" in call.options:
            return texts.summary(self.facts())
        self.write(call, texts.summary(self.facts()))
        return None

    def report_timing(self, call: Call) -> None:
        self.write(call, texts.path(self.facts(), call.options["-delay_type"]))

    def report_power(self, call: Call) -> None:
        self.write(call, texts.power(self.facts()))

    def get_timing_paths(self, call: Call) -> tuple[str, ...]:
        return (
            f"path:{self.slack() if call.options['-delay_type'] == 'max' else self.setup.hold}",
        )

    def write_bitstream(self, call: Call) -> None:
        if self.state != "routed" or self.top != "system_wrapper":
            raise TclFailure("[Common 17-69] write_bitstream: nothing is routed")
        user_id = self.setup.user_id or self.design_properties["BITSTREAM.CONFIG.USERID"]
        part = self.open_project().part
        name = f"{self.top};UserID={user_id.upper()};Version={self.setup.version}"
        data = b"\xff" * 32 + SYNC + bytes(SIZES[part] - 36)
        self.to_write(call.one()).write_bytes(
            dump(
                BitFile(name, part.removeprefix("xc").split("-")[0], "2025/01/31", "12:00:00", data)
            )
        )
