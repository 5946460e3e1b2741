"""Vivado's commands for projects and files, and what the others have in common."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from tests.sw.backend.vivado.design import Design
from tests.sw.backend.vivado.options import Call, TclFailure, parse
from tests.sw.backend.vivado.packager import Packager
from tests.sw.backend.vivado.setup import Project, Setup

LISTS = tkinter.Tcl()

ORDER = ("", "synthesised", "optimised", "placed", "routed")
"""States of the design in memory."""


class Session:
    """Commands for projects and files. ``handoff``: text of the .hwh that generating the block
    design writes, given the settings of its clock.
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

    read_verilog = read_mem = add_files

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
