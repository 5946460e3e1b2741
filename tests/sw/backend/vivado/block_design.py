"""Vivado's commands for the block design."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from tests.sw.backend.vivado.cores import CATALOGUE
from tests.sw.backend.vivado.design import Design, matching
from tests.sw.backend.vivado.options import Call, TclFailure
from tests.sw.backend.vivado.session import Session


class BlockDesign(Session):
    """Commands that build, check and generate it."""

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
