"""Style as a unit test: calls with a better replacement, missing first lines, sizes, and unfinished work."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON_FOLDERS = ("engine", "cli", "tests", "benchmarks", "examples")
PRODUCT_FOLDERS = ("engine", "cli")
TEXT_FOLDERS = (*PYTHON_FOLDERS, "schemas", "workflows", "docs")
TEXT_SUFFIXES = {".py", ".yaml", ".yml", ".json", ".toml", ".md", ".sql"}

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60

CLOCKS = "engine/dutyflow/runtime/clocks.py"
ASK_THE_CLOCK = "take `now` as an argument; only runtime/clocks.py may ask"
CLOCK_READS = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.sleep",
)
CLOCK_CALLS = dict.fromkeys(CLOCK_READS, ASK_THE_CLOCK)
TEXT_AS_CODE = "compile the typed expression to a closure; text from outside is never run"
CODE_CALLS = dict.fromkeys(("eval", "exec", "compile", "__import__"), TEXT_AS_CODE)
IMPORT_CALLS = {"importlib.import_module": "import by name at the top; a name from a file must never choose a module"}
PRINT_CALLS = {"print": "return the text, or use click.echo in the command line"}

# These two load modules by names from a table in the same file: that is how imports stay lazy.
MAY_IMPORT_BY_NAME = {"engine/dutyflow/__init__.py", "cli/dutyflow_cli/main.py"}

# Spelled in two halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
SILENCERS = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b.*")
GOOD_SILENCER = re.compile(r"#\s*(?:type:\s*ignore\[[\w, -]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)\s+#?\s*\S+")

Rule = Callable[[str, str, ast.Module], Iterator[str]]


def known_names(tree: ast.Module) -> dict[str, str]:
    """Map each name to the dotted name it was imported as; a function of this file hides a builtin."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.FunctionDef):
            names.setdefault(node.name, f".{node.name}")
    return names


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """Return the dotted name of what is called, through imports and aliases; empty if it has none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def banned_calls(path: str, banned: dict[str, str], tree: ast.Module) -> Iterator[str]:
    """Name each banned use with its line and what to do instead; passing the function on counts as a use."""
    names = known_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = dotted(node, names)
            if name in banned:
                yield f"{path}:{node.lineno}: `{name}`: {banned[name]}"


def the_clock_is_asked_in_one_place(path: str, _: str, tree: ast.Module) -> Iterator[str]:
    """Virtual time is only possible when nobody else reads the real one."""
    if path.startswith(PRODUCT_FOLDERS) and path != CLOCKS:
        yield from banned_calls(path, CLOCK_CALLS, tree)


def no_test_sleeps(path: str, _: str, tree: ast.Module) -> Iterator[str]:
    """A test that waits is slow today and flaky tomorrow."""
    if path.startswith("tests"):
        yield from banned_calls(path, {"time.sleep": "use a virtual clock"}, tree)


def text_is_never_code(path: str, _: str, tree: ast.Module) -> Iterator[str]:
    """No expression may reach a Python object, a file or the network."""
    if path.startswith(PRODUCT_FOLDERS):
        yield from banned_calls(path, CODE_CALLS, tree)
        if path not in MAY_IMPORT_BY_NAME:
            yield from banned_calls(path, IMPORT_CALLS, tree)


def the_library_does_not_print(path: str, _: str, tree: ast.Module) -> Iterator[str]:
    """Who embeds the library owns the terminal."""
    if path.startswith("engine"):
        yield from banned_calls(path, PRINT_CALLS, tree)


def a_module_says_first_what_it_is_for(path: str, text: str, tree: ast.Module) -> Iterator[str]:
    """The list of first lines is the tour of the code."""
    first = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not first or first not in text.partition("\n")[0]:
        yield f"{path}:1: the first line must be a docstring that says what the module is for"


def files_stay_short(path: str, text: str, _: ast.Module) -> Iterator[str]:
    """A file is one thought."""
    count = text.count("\n")
    if path.startswith(PRODUCT_FOLDERS) and count > FILE_LINES_MAX:
        yield f"{path}: {count} lines, at most {FILE_LINES_MAX}: split it by subject"


def functions_stay_short(path: str, _: str, tree: ast.Module) -> Iterator[str]:
    """It is the tail of long functions that hurts newcomers."""
    if not path.startswith(PRODUCT_FOLDERS):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                yield f"{path}:{node.lineno}: `{node.name}` has {count} lines, at most {FUNCTION_LINES_MAX}"


def silencers_give_a_code_and_a_reason(path: str, text: str, _: ast.Module) -> Iterator[str]:
    """Each ignored complaint has its sentence saying why."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = SILENCERS.search(line)
        if found and path.startswith(PRODUCT_FOLDERS) and not GOOD_SILENCER.match(found[0]):
            yield f"{path}:{number}: name the code and the reason: `# type: ignore[code]  # why`"


RULES: list[Rule] = [
    the_clock_is_asked_in_one_place,
    no_test_sleeps,
    text_is_never_code,
    the_library_does_not_print,
    a_module_says_first_what_it_is_for,
    files_stay_short,
    functions_stay_short,
    silencers_give_a_code_and_a_reason,
]


def files(folders: tuple[str, ...], suffixes: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the path within the repository and the text of each file; golden files are wrong on purpose."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in suffixes and "/golden/" not in name and path.is_file():
                yield name, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_is_tidy(rule: Rule) -> None:
    complaints = [
        line for path, text in files(PYTHON_FOLDERS, {".py"}) for line in rule(path, text, ast.parse(text, path))
    ]
    assert not complaints, "\n" + "\n".join(complaints)


def test_nothing_is_left_unfinished() -> None:
    complaints = [
        f"{path}:{number}: {line.strip()}"
        for path, text in files(TEXT_FOLDERS, TEXT_SUFFIXES)
        for number, line in enumerate(text.splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_walk_sees_the_product() -> None:
    seen = {path for path, _ in files(PYTHON_FOLDERS, {".py"})}
    assert {"engine/dutyflow/__init__.py", "cli/dutyflow_cli/main.py", "tests/test_tidy.py"} <= seen


DOC = '"""Says what it is for."""\n'
MESSY: list[tuple[Rule, str, str]] = [
    (the_clock_is_asked_in_one_place, "engine/a.py", "from datetime import datetime\ndatetime.now()"),
    (the_clock_is_asked_in_one_place, "engine/a.py", "import datetime as dt\ndt.datetime.utcnow()"),
    (the_clock_is_asked_in_one_place, "cli/a.py", "from time import sleep as rest\nrest(1)"),
    (the_clock_is_asked_in_one_place, "cli/a.py", "import time\nask = time.time"),
    (no_test_sleeps, "tests/a.py", "import time\ntime.sleep(1)"),
    (text_is_never_code, "engine/a.py", "eval('1')"),
    (text_is_never_code, "engine/a.py", "from importlib import import_module\nimport_module('a')"),
    (the_library_does_not_print, "engine/a.py", "print('hello')"),
    (a_module_says_first_what_it_is_for, "tests/a.py", "import time"),
    (a_module_says_first_what_it_is_for, "tests/a.py", '\n"""Too late."""'),
    (files_stay_short, "engine/a.py", "\n" * 501),
    (functions_stay_short, "cli/a.py", "def f():\n" + "    pass\n" * 60),
    (silencers_give_a_code_and_a_reason, "cli/a.py", "a = 1  # type: " + "ignore"),
    (silencers_give_a_code_and_a_reason, "cli/a.py", "a = 1  # no" + "qa: E501"),
]


@pytest.mark.parametrize(("rule", "path", "text"), MESSY)
def test_each_rule_catches_what_it_is_there_for(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, text, ast.parse(text)))


TIDY: list[tuple[Rule, str, str]] = [
    (the_clock_is_asked_in_one_place, CLOCKS, "from datetime import datetime\ndatetime.now()"),
    (the_clock_is_asked_in_one_place, "engine/a.py", "def f(ticket): return ticket.datetime.now()"),
    (text_is_never_code, "engine/a.py", "import re\nre.compile('a')"),
    (text_is_never_code, "engine/a.py", "def compile(rule): return rule\ncompile(1)"),
    (the_library_does_not_print, "cli/a.py", "print('hello')"),
    (a_module_says_first_what_it_is_for, "engine/a.py", DOC),
    (functions_stay_short, "cli/a.py", "def f():\n" + "    pass\n" * 59),
    (silencers_give_a_code_and_a_reason, "cli/a.py", "a = 1  # no" + "qa: E501  # a link cannot be broken"),
]


@pytest.mark.parametrize(("rule", "path", "text"), TIDY)
def test_each_rule_leaves_good_code_alone(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(path, text, ast.parse(text)))
