"""Every command and option is in `docs/cli.md`, has help in both languages, and examples that begin with its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dutyflow_cli.bilingual import BilingualOption
from dutyflow_cli.main import COMMANDS, cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `dutyflow (\w+)[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for name in COMMANDS:
        found = cli.get_command(context, name)
        assert found is not None
        yield name, found
        if isinstance(found, click.Group):
            yield from ((f"{name} {inner}", command) for inner, command in found.commands.items())


ALL = dict(every_command())
OPTIONS = [
    (name, option) for name, command in ALL.items() for option in command.params if isinstance(option, click.Option)
]


@pytest.mark.parametrize("name", ALL)
def test_every_command_is_documented(name: str) -> None:
    first, _, inner = name.partition(" ")
    assert first in SECTIONS, f"docs/cli.md has no section for `dutyflow {first}`"
    heading = next(line for line in PAGE.splitlines() if line.startswith(f"## `dutyflow {first}"))
    assert inner in heading


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_every_option_is_documented_where_its_command_is(name: str, option: click.Option) -> None:
    section = SECTIONS[name.split(" ", maxsplit=1)[0]]
    for word in option.opts:
        assert f"`{word}" in section, f"docs/cli.md does not mention {word} of `dutyflow {name}`"


@pytest.mark.parametrize("option", cli.params, ids=lambda option: str(option.name))
def test_every_option_of_all_commands_is_documented(option: click.Parameter) -> None:
    assert all(f"`{word}" in PAGE.partition("## `dutyflow")[0] for word in option.opts)


def test_the_page_mentions_no_option_that_does_not_exist() -> None:
    known = {word for _, option in OPTIONS for word in option.opts}
    known |= {word for option in cli.params for word in option.opts} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= known


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_every_option_explains_itself_in_both_languages(name: str, option: click.Option) -> None:
    assert isinstance(option, BilingualOption), f"{name}: {option.name}"
    assert option.zh and option.en and option.zh != option.en


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ALL)
def test_help_has_examples_in_both_languages(run, name: str, lang: str) -> None:
    shown = run(*name.split(" "), "--help", lang=lang, columns=80).stdout
    assert ("Examples:" if lang == "en" else "示例:") in shown
    assert f"  dutyflow {'' if f'dutyflow {name}' in shown else '--lang zh '}{name}" in shown
    assert ("显示这段说明" in shown) is (lang == "zh")


WRONG = {
    "check --formt x": "没有选项 --formt",
    "check --format xx": "可用：text、concise",
    "calendar due": "缺少 NAME",
    "calendar lst": "可用：due、list、show",
    "test --fail-under 200": "0 到 100",
    "new a b": "多出来的参数：b",
    "chek": "没有命令 `chek`",
}


@pytest.mark.parametrize(("words", "said"), WRONG.items())
def test_wrong_usage_is_explained_in_chinese_too(run, words: str, said: str) -> None:
    result = run(*words.split(" "), lang="zh")
    assert result.exit_code == 2
    assert said in result.stderr and "用法：" in result.stderr
    assert run(*words.split(" "), lang="en").stderr.startswith("Usage:")


def test_an_option_without_its_value_is_named(run) -> None:
    result = run("explain", "a", "--rulebook", lang="zh")
    assert result.exit_code == 2 and "--rulebook 后面要写一个值" in result.stderr


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "130"])
def test_exit_codes_are_documented(code: str) -> None:
    assert f"`{code}`" in PAGE
