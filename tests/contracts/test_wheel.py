"""A wheel has what its code reads: each package's SQL, templates, static files and profiles."""

import tomllib
from pathlib import Path

from tests.conftest import REPO
from tests.contracts.test_code import PACKAGES, tracked


def test_every_file_of_a_package_is_in_the_wheel() -> None:
    configured = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packed = {
        file
        for package, patterns in configured["package-data"].items()
        for pattern in patterns
        for file in (REPO / package).glob(pattern)
    }
    kept = [f for f in tracked() if f.relative_to(REPO).parts[0] in PACKAGES]
    assert not [str(f.relative_to(REPO)) for f in kept if f.suffix != ".py" and f not in packed]


def test_every_folder_with_code_is_a_package() -> None:
    """setuptools leaves out a folder without `__init__.py`, and everything below it."""

    def folders(file: Path) -> list[Path]:
        inside = file.relative_to(REPO).parts[:-1]
        return [REPO.joinpath(*inside[: n + 1]) for n in range(len(inside))]

    code = [f for f in tracked() if f.suffix == ".py" and f.relative_to(REPO).parts[0] in PACKAGES]
    assert not {str(d.relative_to(REPO)) for f in code for d in folders(f) if not (d / "__init__.py").is_file()}
