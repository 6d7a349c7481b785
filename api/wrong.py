"""What is wrong with a request: which parameter, why, and what to write instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from pipeline.domain.errors import ParkError


@dataclass(frozen=True, slots=True)
class Wrong:
    """One parameter: why it can't be used, and what to write."""

    parameter: str
    detail: str
    write: str
    where: str = "query"

    def out(self) -> dict[str, str]:
        """As a member of a problem's `errors`."""
        return {"parameter": self.parameter, "in": self.where, "detail": self.detail, "write": self.write}


class InvalidParameter(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 400
    """a parameter is wrong"""

    def __init__(self, *wrongs: Wrong) -> None:
        super().__init__("; ".join(f"{w.parameter} {w.detail}" for w in wrongs))
        self.wrongs = wrongs


class TooManyRows(InvalidParameter):
    """the answer would be too long"""


def from_validation(request: Request, error: RequestValidationError) -> Iterator[Wrong]:
    """One Wrong for each error that pydantic found."""
    known = _parameters(request)
    for item in error.errors():
        where, *path = [str(part) for part in item["loc"]] or ["query"]
        name = path[0] if path and item["type"] != "json_invalid" else where
        context: dict[str, Any] = item.get("ctx", {})
        if item["type"] == "extra_forbidden":
            near = get_close_matches(name, known, n=1)
            hint = f"{near[0]}=…" if near else ", ".join(known)
            yield Wrong(name, "is not a parameter of this path", hint, where)
        else:
            yield Wrong(name, _why(item["type"], str(item["msg"]), context), _write(item["type"], context, name), where)


def _parameters(request: Request) -> list[str]:
    """The query parameters, or members of the body, that the matched route knows."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    names: list[str] = []
    for field in [*getattr(dependant, "query_params", []), *getattr(dependant, "body_params", [])]:
        model = getattr(field.field_info.annotation, "model_fields", None)
        names += [f.alias or n for n, f in model.items()] if model else [field.alias]
    return names


def _why(kind: str, message: str, context: dict[str, Any]) -> str:
    if "why" in context:
        return str(context["why"])
    return {
        "missing": "is missing",
        "int_parsing": "is not a whole number",
        "bool_parsing": "is neither true nor false",
        "string_pattern_mismatch": "has characters that no id has",
        "json_invalid": "is not JSON",
    }.get(kind, message.removeprefix("Input "))


def _write(kind: str, context: dict[str, Any], name: str) -> str:
    if "write" in context:
        return str(context["write"])
    words = {"ge": "at least", "le": "at most"}
    limits = [f"{word} {context[key]}" for key, word in words.items() if key in context]
    if limits:
        return " and ".join(limits)
    if kind in {"literal_error", "enum"}:
        return str(context.get("expected", "")).replace("'", "")
    return {
        "missing": f"{name}=…",
        "int_parsing": "a whole number",
        "bool_parsing": "true or false",
        "string_pattern_mismatch": "letters, digits, - . _",
        "string_too_long": f"at most {context.get('max_length')} characters",
        "too_long": f"at most {context.get('max_length')} characters",
        "string_too_short": "something, or leave the parameter out",
        "too_short": "something, or leave the parameter out",
    }.get(kind, "see /api/v1/openapi.json")
