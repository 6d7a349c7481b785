"""deploy/Dockerfile without an engine: a parser's verdict, and what it must not do."""

import json
import re
import shutil
import subprocess
from pathlib import PurePath
from typing import Any

from tests.conftest import PARK_HOME, REPO

DOCKERFILE = REPO / "deploy/Dockerfile"
PARSE = """
const { validate } = require("dockerfile-utils"), { DockerfileParser } = require("dockerfile-ast")
const text = require("fs").readFileSync(0, "utf8"), file = DockerfileParser.parse(text)
const instructions = file.getInstructions().map((i) => [i.getKeyword(), i.getArgumentsContent()])
console.log(JSON.stringify({ problems: validate(text).map((p) => p.message), instructions }))
"""


def parsed() -> dict[str, Any]:
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, "-e", PARSE],
        input=DOCKERFILE.read_text(),
        cwd=PARK_HOME / "deploy-tools",
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_the_dockerfile_is_sound() -> None:
    found = parsed()
    assert found["problems"] == []
    instructions = found["instructions"]
    images = [arguments.split()[0] for keyword, arguments in instructions if keyword == "FROM"]
    assert len(set(images)) == 1, "built and run on the same image"
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", images[0]), "pinned, and the Python that the tests run on"
    last = [keyword for keyword, _ in instructions[[k for k, _ in instructions].index("FROM", 1) :]]
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert not {"ADD", "MAINTAINER"} & set(last)
    users = [arguments for keyword, arguments in instructions if keyword == "USER"]
    assert users == ["10001:10001"]
    assert not any(re.search(r"(?i)password|token|secret", str(arguments)) for _, arguments in instructions)
    assert any("-c constraints.txt" in str(arguments) for keyword, arguments in instructions if keyword == "RUN")


def test_the_builder_gets_the_code_and_nothing_else() -> None:
    lines = [line for line in (REPO / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    packages = {PurePath(p).parts[0] for p in ("collectors", "pipeline", "api", "dashboards", "simulators")}
    assert sent == packages | {"park.py", "pyproject.toml", "constraints.txt"}
    assert all((REPO / name).exists() for name in sent)
