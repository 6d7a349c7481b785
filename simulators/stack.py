"""The processes of a park on one machine: each a supervised `park VERB`, restarted when it dies, stopped in order."""

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulators.servers.process import Child, ServerError, until

AGAIN_S = 1.0  # a process that died waits this long before it is started again, doubled each time
AGAIN_AT_MOST_S = 30.0


@dataclass
class Member:
    """One process: its verb and words, and when it may be started again."""

    name: str
    words: list[str]
    child: Child
    env: Mapping[str, str]
    deaths: int = 0
    again_at: float = 0.0


@dataclass
class Stack:
    """Processes in the order in which they start; they stop the other way round, the simulator first."""

    folder: Path
    env: Mapping[str, str]
    members: dict[str, Member] = field(default_factory=dict)

    def start(self, name: str, *words: str, env: Mapping[str, str] | None = None) -> None:
        """Starts `park WORDS…` as `name`; its output goes to `name`.log."""
        child = Child(name, log=self.folder / f"{name}.log")
        member = Member(name, list(words), child, {**self.env, **(env or {})})
        self.members[name] = member
        self._launch(member)

    def watch(self) -> list[str]:
        """Starts again what died, each later than the time before; says what it did."""
        said = []
        for member in self.members.values():
            if member.child.running():
                continue
            if not member.again_at:
                member.again_at = time.monotonic() + min(AGAIN_S * 2**member.deaths, AGAIN_AT_MOST_S)
                member.deaths += 1
                said.append(f"{member.name} stopped by itself: {member.child.last_words()}")
            elif time.monotonic() >= member.again_at:
                member.again_at = 0.0
                member.child.forget()
                self._launch(member)
                said.append(f"{member.name} was started again")
        return said

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would; `watch` starts it again."""
        self.members[name].child.kill()

    def again(self, name: str) -> None:
        """Starts one again that was killed or stopped, at once; its output goes to a log of its own."""
        member = self.members[name]
        member.deaths += 1
        member.child.forget()
        member.child = Child(name, log=self.folder / f"{name}-{member.deaths}.log")
        self._launch(member)

    def stop(self, name: str) -> None:
        """Stops one in good order and forgets it."""
        self.members.pop(name).child.stop()

    def close(self) -> list[str]:
        """Stops all, the last started first; what would not stop in good order is named."""
        trouble = []
        for name in reversed(list(self.members)):
            try:
                self.stop(name)
            except ServerError as error:
                trouble.append(str(error))
        return trouble

    def _launch(self, member: Member) -> None:
        member.child.start([sys.executable, "-m", "park", *member.words], cwd=str(Path.cwd()), env=member.env)


def wait_ready(url: str, *, within_s: float, what: str) -> None:
    """Returns once `url` answers 200; ServerError with `what` when that takes longer."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    until(answers, within_s=within_s, what=what)
