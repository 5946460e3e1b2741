"""The command line: every command is one box of the drawing, reads files of a folder and writes
files there.

It only calls Python. Bad input ends in one line and exit status 2, Ctrl-C in one line and 130, a
rung that differs from the golden model in exit status 1.
"""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from spikeloom.cache.builds import check_settings
from spikeloom.cli import bitstream, board, compile, simulate, train
from spikeloom.cli.bench import bench
from spikeloom.cli.hls import hls
from spikeloom.cli.steps import steps
from spikeloom.cli.sweep import sweep
from spikeloom.errors import SpikeLoomError
from spikeloom.files import first_line

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Quantized spiking networks from PyTorch to FPGA.",
)
for command in (
    train.train,
    sweep,
    bench,
    steps,
    compile.compile_,
    compile.emit,
    compile.weights,
    train.export,
    simulate.golden,
    simulate.compare,
    simulate.sim,
    simulate.report,
    bitstream.synth,
    board.measure,
    board.deploy,
    bitstream.bitstream,
    hls,
):
    app.command(command.__name__.strip("_"))(command)

INTERRUPTED = 130


def complain(error: BaseException, status: int) -> int:
    """One line on standard error; the exit status."""
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"spikeloom: {text}", file=sys.stderr)
    return status


def run(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status. Without one, help and status 2."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        check_settings()
        status = app(given or ["--help"], prog_name="spikeloom", standalone_mode=False)
        if not given:
            return 2
        if status == INTERRUPTED:
            return complain(SpikeLoomError("interrupted"), INTERRUPTED)
        return status if isinstance(status, int) else 0
    except SpikeLoomError as error:
        return complain(error, 2)
    except TyperException as error:
        return complain(SpikeLoomError(f"{error.format_message()} (spikeloom --help)"), 2)
    except (KeyboardInterrupt, typer.Abort):
        return complain(SpikeLoomError("interrupted"), INTERRUPTED)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("spikeloom"):
            raise
        return complain(
            SpikeLoomError(
                f"{error.name}: this command needs it, and it is not installed; pip install"
                " 'spikeloom[all]'"
            ),
            2,
        )
    except OSError as error:
        return complain(
            SpikeLoomError(f"{error.filename or 'file'}: {error.strerror or first_line(error)}"), 2
        )


def main() -> None:
    """Run the command of this process, and end it."""
    sys.exit(run())
