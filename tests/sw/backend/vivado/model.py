"""Vivado's commands, as far as the flow uses them: they remember what was asked for, refuse what
cannot be, and write files.
"""

from __future__ import annotations

from pathlib import Path

from spikeloom.backend.bitstream.bitfile import SYNC, BitFile, dump

from tests.sw.backend.vivado import texts
from tests.sw.backend.vivado.block_design import BlockDesign
from tests.sw.backend.vivado.options import Call, TclFailure
from tests.sw.backend.vivado.packager import readable
from tests.sw.backend.vivado.setup import SIZES


class Vivado(BlockDesign):
    """Answers commands."""

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
        readable(project.files)
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
