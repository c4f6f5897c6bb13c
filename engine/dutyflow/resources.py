"""Finds the folders `schemas/` and `workflows/`, in a checkout and in an installed wheel alike.

In a wheel both lie inside the package (`dutyflow/schemas`); in a checkout, and in an editable install of one,
they lie at the root of the repository. Nothing else in dutyflow knows the difference.
"""

from pathlib import Path

from dutyflow.errors import ResourceError

_PACKAGE = Path(__file__).resolve().parent


def schemas_dir() -> Path:
    """Return the folder with the JSON Schemas of the language.

    Raises:
        ResourceError: the installation has lost it.
    """
    return _folder("schemas")


def workflows_dir() -> Path:
    """Return the folder with the shipped rulebooks, one folder per business type.

    Raises:
        ResourceError: the installation has lost it.
    """
    return _folder("workflows")


def _folder(name: str) -> Path:
    """Return the first place that has the folder: inside the package, then the root of the checkout."""
    places = [_PACKAGE / name]
    root = _PACKAGE.parents[1]
    if (root / "pyproject.toml").is_file():  # else "two folders up" is a stranger's folder
        places.append(root / name)
    for place in places:
        if place.is_dir():
            return place
    looked_in = " and ".join(str(place) for place in places)
    raise ResourceError(f"The folder `{name}` that ships with dutyflow is missing (looked for {looked_in}).")
