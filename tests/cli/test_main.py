"""The command line as a whole: help from the table, languages, exit codes, and failures that end as a sentence."""

import errno
from importlib.util import find_spec
from types import SimpleNamespace

import click
import pytest

from dutyflow.errors import InputError, RulebookError, SchemaError
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.places import Place
from dutyflow.wording import choose_language, finding_codes
from dutyflow_cli import main as entry
from dutyflow_cli.main import COMMANDS, main
from dutyflow_cli.settings import ExitCode, Settings, settings_of


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every test in English, without colour and without debugging."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "FORCE_COLOR", "DUTYFLOW_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DUTYFLOW_LANG", "en")


@pytest.fixture
def run_failing(monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs a subcommand which raises the given exception."""

    def run(error: BaseException, *options: str) -> int:
        def fail() -> None:
            raise error

        command = click.Command("check", callback=fail)
        monkeypatch.setattr(entry, "import_module", lambda name: SimpleNamespace(command=command))
        return main([*options, "check"])

    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_has_its_module(name: str) -> None:
    assert find_spec(COMMANDS[name].module) is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_under_its_own_name_and_explains_itself(name: str, capsys: pytest.CaptureFixture) -> None:
    assert main([name, "--help"]) == ExitCode.FINE
    assert f"dutyflow {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--lang", "zh", "--help"], ["--help", "--lang", "zh"], ["--lang=zh", "-h"]])
def test_help_lists_the_commands_in_the_readers_language(words: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(words) == ExitCode.FINE
    shown = capsys.readouterr().out
    assert all(name in shown and entry.zh in shown for name, entry in COMMANDS.items())


def test_an_unknown_command_is_a_usage_error_that_suggests_the_nearest(capsys: pytest.CaptureFixture) -> None:
    assert main(["simulat"]) == ExitCode.USAGE
    assert "try simulate" in capsys.readouterr().err


def test_an_unreadable_input_ends_as_a_sentence_and_exit_3(run_failing, capsys: pytest.CaptureFixture) -> None:
    assert run_failing(InputError("`a.yaml` is not UTF-8.")) == ExitCode.COULD_NOT_RUN
    said = capsys.readouterr()
    assert said.err == "error: `a.yaml` is not UTF-8.\n"
    assert said.out == ""


def test_a_broken_rulebook_lists_its_findings_and_exits_1(run_failing, capsys: pytest.CaptureFixture) -> None:
    findings = Findings()
    findings.add(finding_codes()[0], Place("a.yaml", 1, 2, 1, 3))
    assert run_failing(RulebookError(findings)) == ExitCode.FINDINGS
    said = capsys.readouterr()
    assert said.out.startswith(f"a.yaml:1:2: error[{finding_codes()[0]}] ")
    assert "1 finding (" in said.err


def test_a_reader_of_a_pipe_who_has_seen_enough_is_no_failure(run_failing) -> None:
    assert run_failing(BrokenPipeError(errno.EPIPE, "Broken pipe")) == ExitCode.FINE


def test_a_failure_of_the_library_is_told_in_the_readers_language(run_failing, capsys: pytest.CaptureFixture) -> None:
    assert run_failing(SchemaError("desk.db: old tables."), "--lang", "zh") == ExitCode.COULD_NOT_RUN
    said = capsys.readouterr().err
    assert "先备份" in said and "desk.db: old tables." in said
    assert run_failing(SchemaError("desk.db: old tables.")) == ExitCode.COULD_NOT_RUN
    assert capsys.readouterr().err == "error: desk.db: old tables.\n"


def test_a_file_error_names_the_file(run_failing, capsys: pytest.CaptureFixture) -> None:
    assert run_failing(PermissionError(13, "Permission denied", "duties.yaml")) == ExitCode.COULD_NOT_RUN
    assert capsys.readouterr().err == "error: duties.yaml: Permission denied\n"


def test_a_defect_is_a_sentence_for_people(run_failing, capsys: pytest.CaptureFixture) -> None:
    assert run_failing(ZeroDivisionError("division by zero"), "--lang", "zh") == ExitCode.COULD_NOT_RUN
    said = capsys.readouterr().err
    assert said.startswith("错误：")
    assert "Traceback" not in said


def test_a_defect_is_a_traceback_for_developers_who_ask(run_failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYFLOW_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run_failing(ZeroDivisionError())


def test_an_interrupted_run_is_not_mistaken_for_findings(run_failing) -> None:
    assert run_failing(KeyboardInterrupt()) == ExitCode.INTERRUPTED


def test_a_command_that_exits_with_a_code_ends_the_run_with_it(run_failing) -> None:
    assert run_failing(click.exceptions.Exit(ExitCode.CHANGES)) == ExitCode.CHANGES


def test_a_command_sees_the_options_given_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []
    command = click.Command("check", callback=click.pass_context(lambda ctx: seen.append(settings_of(ctx))))
    monkeypatch.setattr(entry, "import_module", lambda name: SimpleNamespace(command=command))
    main(["--lang", "zh", "--color", "never", "check"])
    assert seen == [Settings("zh", color="never")]


@pytest.mark.parametrize(
    ("flag", "environ", "lang"),
    [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"DUTYFLOW_LANG": "zh", "LC_ALL": "en_GB.UTF-8"}, "zh"),
        ("en", {"DUTYFLOW_LANG": "zh"}, "en"),
    ],
)
def test_the_language_is_the_flags_then_the_variables_then_the_locales(flag, environ, lang) -> None:
    assert choose_language(flag, environ) == lang


@pytest.mark.parametrize(
    ("color", "environ", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_the_flags_then_the_variables_then_the_terminals(
    color, environ, terminal, wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    stream = SimpleNamespace(isatty=lambda: terminal)
    assert Settings("en", color=color).wants_color(stream) is wanted
