"""Loads named, described SQL from .sql files, so that every statement can be found, prepared and tested by its name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import LiteralString

from pipeline.domain.errors import ConfigurationError

_HEAD = re.compile(r"^-- name: ([a-z0-9_]+)\n-- (.+)\n", re.MULTILINE)


class Queries(Mapping[str, LiteralString]):
    """The queries of one folder by name; `about` holds each one's description."""

    def __init__(self, texts: dict[str, LiteralString], about: dict[str, str]) -> None:
        self._texts, self.about = texts, about

    def __getitem__(self, name: str) -> LiteralString:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def load(folder: Path) -> Queries:
    """Every query of every .sql file in `folder`, each headed by `-- name: x` and a line that describes it."""
    texts: dict[str, LiteralString] = {}
    about: dict[str, str] = {}
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        heads = list(_HEAD.finditer(text))
        if not heads:
            raise ConfigurationError(f"{file.name} has no query; head each with `-- name: x` and a description")
        for head, after in zip(heads, [*heads[1:], None], strict=True):
            name, description = head.groups()
            if name in texts:
                raise ConfigurationError(f"{file.name}: there are two queries named {name}")
            body = text[head.end() : after.start() if after else None].strip().removesuffix(";")
            # Our own files, shipped with the code: as literal as a string in the source.
            texts[name], about[name] = body, description
    return Queries(texts, about)
