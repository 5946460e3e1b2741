"""Files of Tcl in a real Tcl interpreter, in which nothing but the commands of a model and of Tcl
itself exists.
"""

from __future__ import annotations

import os
import tkinter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tests.sw.backend.vivado.options import OPTIONS, TclFailure

WRITING = {"delete", "rename", "copy", "mkdir", "link", "attributes", "mtime"}

GONE = ("unknown", "exec", "socket", "load", "open", "auto_execok", "auto_load", "interp")
"""Commands of Tcl that the flow has no business with: whatever is unknown is an error."""

PRELUDE = """
namespace eval ipx {}
rename file tcl_file
rename cd tcl_cd
rename source tcl_source
rename puts tcl_puts
proc file {sub args} {
    answer [guard_file $sub {*}$args]
    uplevel 1 [list tcl_file $sub {*}$args]
}
proc cd {folder} {
    answer [guard_cd $folder]
    tcl_cd $folder
}
proc source {path} {
    answer [guard_source $path]
    uplevel #0 [list tcl_source $path]
}
proc puts {args} { say [lindex $args end] }
proc exit {{status 0}} {
    leave $status
    return -code error -errorcode EXIT "exit $status"
}
proc answer {found} {
    lassign $found good value
    if {!$good} { return -code error $value }
    return $value
}
"""


class Commands(Protocol):
    """What answers Vivado's commands."""

    def call(self, name: str, arguments: tuple[str, ...]) -> object: ...
    def say(self, line: str) -> None: ...


class Interpreter:
    """Runs ``build.tcl`` of a folder; ``status`` is what it exits with, None while it has not."""

    def __init__(self, folder: Path, commands: Commands) -> None:
        self.folder, self.commands = folder.resolve(), commands
        self.status: int | None = None
        self.tcl = tkinter.Tcl()
        for name, function in {
            "guard_file": self.guard_file,
            "guard_cd": self.inside,
            "guard_source": self.inside,
            "say": self.say,
            "leave": self.leave,
        }.items():
            self.tcl.createcommand(name, function)
        self.tcl.eval(PRELUDE)
        for name in OPTIONS:
            self.add(name)
        for name in GONE:
            self.tcl.eval(f"rename {name} {{}}")

    def add(self, name: str) -> None:
        self.tcl.createcommand(
            f"model_{name}",
            lambda *arguments: self.caught(lambda: self.commands.call(name, arguments)),
        )
        self.tcl.eval(f"proc {name} {{args}} {{ answer [model_{name} {{*}}$args] }}")

    @staticmethod
    def caught(function: Callable[[], object]) -> tuple[str, object]:
        try:
            found = function()
        except (TclFailure, OSError) as error:
            return "0", f"ERROR: {error}"
        return "1", "" if found is None else found

    def say(self, line: str) -> None:
        self.commands.say(line)

    def leave(self, status: str) -> None:
        self.status = int(status)

    def inside(self, path: str) -> tuple[str, object]:
        def check() -> None:
            real = Path(path).resolve()
            if not Path(path).is_absolute() or not (
                real == self.folder or self.folder in real.parents
            ):
                raise TclFailure(f"{path} is not an absolute path inside of {self.folder}")

        return self.caught(check)

    def guard_file(self, sub: str, *arguments: str) -> tuple[str, object]:
        if sub not in WRITING:
            return "1", ""
        for path in (word for word in arguments if not word.startswith("-")):
            good, message = self.inside(path)
            if good == "0":
                return good, message
        return "1", ""

    def run(self) -> int:
        """The status that ``build.tcl`` exits with. Raises what Tcl raises where it does not exit
        at all.
        """
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            self.tcl.eval("tcl_source {" + str(self.folder / "build.tcl") + "}")
        except tkinter.TclError:
            if self.status is None:
                raise
        finally:
            os.chdir(before)
        assert self.status is not None, "build.tcl ended without exit"
        return self.status
