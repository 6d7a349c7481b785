"""Closed lists stay closed: every setting, metric, public class and dependency has its line in the docs."""

import ast
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

import api.metrics
import pipeline.metrics
import simulators.metrics
from park import VERBS
from pipeline.settings import Settings
from tests.conftest import REPO

DOCS = REPO / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def public_classes(folder: Path) -> set[str]:
    found = set()
    for file in folder.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= {n.name for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")}
    return found


def test_every_setting_is_documented_with_its_default() -> None:
    page = text("operations.md")
    for field in fields(Settings):
        variable, default = field.metadata["variable"], field.metadata["default"]
        row = re.search(rf"^\| `{variable}` \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
        assert row, f"docs/operations.md has no row for {variable}"
        assert row.groups() == (f"`{default}`" if default else "", field.metadata["note"]), variable
    known = {f.metadata["variable"] for f in fields(Settings)}
    assert set(re.findall(r"^\| `(PARK_\w+)` \|", page, re.MULTILINE)) == known


def test_every_metric_is_documented() -> None:
    page = text("operations.md")
    for module in (pipeline.metrics, api.metrics, simulators.metrics):
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                assert f"`{metric._name}" in page, metric._name


def test_every_public_class_of_the_domain_has_a_glossary_entry() -> None:
    entries = set(re.findall(r"^\*\*(\w+)\*\*", text("glossary.md"), re.MULTILINE))
    classes = public_classes(REPO / "pipeline" / "domain")
    assert entries - classes == set(), "entries for classes that are gone"
    assert classes - entries == set(), "classes without an entry"


def test_every_dependency_has_its_reason() -> None:
    page = text("dependencies.md")
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    listed = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    for requirement in listed:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert f"`{name}`" in page, name


def test_every_verb_is_documented() -> None:
    page = text("operations.md")
    assert [verb for verb in VERBS if f"`park {verb}" not in page] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for file in [REPO / "README.md", *DOCS.rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text(encoding="utf-8"))
        ours = [t for t in targets if not t.startswith(("http://", "https://", "mailto:"))]
        broken += [f"{file.relative_to(REPO)}: {t}" for t in ours if not (file.parent / t).exists()]
    assert not broken
