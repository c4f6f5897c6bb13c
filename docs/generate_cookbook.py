"""Writes docs/cookbook.md from the rulebooks in docs/cookbook/ and the prose in cookbook.toml.

Run it after a change of either: `python docs/generate_cookbook.py`. A test fails while the two differ.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "cookbook"
SHARED = "_shared"

Recipe = Mapping[str, Any]


def page() -> str:
    """The whole page: the head, a list of recipes, what they share, the recipes."""
    prose = tomllib.loads((DOCS / "cookbook.toml").read_text(encoding="utf-8"))
    recipes = prose["recipe"]
    parts = [f"# {prose['heading']}", prose["text"].strip(), "\n".join(map(contents_line, recipes))]
    parts += [prose["shared"].strip(), *files(SHARED)]
    parts += [block for recipe in recipes for block in blocks(recipe)]
    return "\n\n".join(parts) + "\n"


def heading(recipe: Recipe) -> str:
    """`3. Warn at 75 % · 用掉七成五提醒`."""
    number = int(recipe["folder"].partition("-")[0])
    return f"{number}. {recipe['title']['en']} · {recipe['title']['zh']}"


def contents_line(recipe: Recipe) -> str:
    """An entry of the list, linked to its heading as code hosts do it."""
    text = heading(recipe)
    kept = "".join(letter for letter in text.lower() if letter.isalnum() or letter in " -_")
    return f"- [{text}](#{kept.replace(' ', '-')})"


def blocks(recipe: Recipe) -> Iterator[str]:
    """The question, the files, the answer, and what to watch for."""
    yield f"## {heading(recipe)}"
    yield f"{recipe['asks']['en']}<br>\n{recipe['asks']['zh']}"
    yield from files(recipe["folder"])
    yield f"{recipe['text']['en']}<br>\n{recipe['text']['zh']}"
    yield f"**Watch** {recipe['watch']['en']}<br>\n**注意** {recipe['watch']['zh']}"


def files(folder: str) -> Iterator[str]:
    """Each file of a recipe under its path, as it is."""
    for path in sorted((FOLDER / folder).glob("*.yaml")):
        name = path.relative_to(DOCS).as_posix()
        yield f"[{name}]({name})"
        yield f"```yaml\n{path.read_text(encoding='utf-8').strip()}\n```"


if __name__ == "__main__":
    (DOCS / "cookbook.md").write_text(page(), encoding="utf-8")
