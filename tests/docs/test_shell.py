"""Every ``sh`` block of the documentation is a list of commands that exist, with options that
exist; those that take seconds are run as they stand, those that take minutes by ``make proof``.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest
from spikeloom.backend.deploy import COMMAND
from spikeloom.cli import main

from tests.docs import workspace
from tests.docs.commands import TIERS, Command, Tier, check, commands, made
from tests.docs.pages import PAGES, Page


def having(tier: Tier) -> list[Page]:
    return [page for page in PAGES if any(command.tier is tier for command in commands(page))]


def test_every_command_and_option_exists(
    project: Path, pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = []
    for page in PAGES:
        for command in commands(page):
            try:
                check(command, project, pytestconfig)
            except Exception as error:  # whatever the command line says of it
                wrong.append(f"{page}:{command.line}: {error}")
    assert not wrong


def test_every_command_has_its_tier_and_every_line_of_the_table_is_needed() -> None:
    found = [command for page in PAGES for command in commands(page)]
    used = {next(start for start, _ in TIERS if command.begins(start)) for command in found}
    assert not [command.text for command in found if not command.tier]
    assert not {start for start, _ in TIERS} - used


@pytest.mark.parametrize("page", having(Tier.TEST), ids=str)
def test_commands_of_seconds_run(page: Page, place: Path) -> None:
    for command in commands(page):
        if command.tier is Tier.TEST:
            assert main.run(command.words[1:]) == command.status, f"{page}:{command.line}"


@pytest.mark.proof
@pytest.mark.parametrize("page", having(Tier.PROOF), ids=str)
def test_commands_of_minutes_run(page: Page, place: Path, project: Path) -> None:
    """With all others of the page, from top to bottom."""
    for command in commands(page):
        if command.tier is Tier.NEVER:
            continue
        if "--from measure.json" in command.text:  # what came from the board
            workspace.run("measure", "build/digits-cnn", "--images", 2)
            os.replace("build/digits-cnn/measure.json", "measure.json")
        name, *rest = command.words
        if name == "make":
            for words in made(tuple(rest), project):
                assert main.run(words) == (3 if words[0] == "bitstream" else 0), command
        elif name == "python":
            run_module(rest[1], rest[2:])
        else:
            assert main.run(rest) == command.status, f"{page}:{command.line}"


def run_module(name: str, arguments: list[str]) -> None:
    """``python -m`` in this process, where another test may have imported the module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, name, raising=False)
        patch.setattr("sys.argv", [name, *arguments])
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            assert not end.code, f"{name}: status {end.code}"


def test_the_board_page_types_what_deploy_says() -> None:
    page = next(page for page in PAGES if page.path.name == "board.md")
    assert COMMAND in [command.text for command in commands(page)]


def test_a_wrong_option_is_found(project: Path, pytestconfig: pytest.Config) -> None:
    for text, says in (
        ("spikeloom sim build/x --no-such 1", "--no-such"),
        ("spikeloom simulate build/x", "simulate"),
        ("spikeloom train digits-mlp", "output"),
        ("spikeloom train digits-mlp -o build/x --epochs many", "integer"),
        ("make simulate", "simulate"),
        ("make sim NETWORK=digits-mlp", "NETWORK"),
        ("make sim SIM=--no-such", "--no-such"),
        ("python -m spikeloom.no_such", "no_such"),
        ("pytest tests/no_such.py", "no_such"),
        ("pytest --no-such 3", "no-such"),
    ):
        with pytest.raises(Exception, match=says):
            check(Command(text, 1), project, pytestconfig)
    with pytest.raises(LookupError, match="rm -rf"):
        _ = Command("rm -rf build", 1).tier
