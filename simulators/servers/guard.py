"""Stands between us and one server so that the server can't outlive us: run as a script, it starts the server, holds
one end of a pipe and stops the server when the other end closes, even if we died by kill -9.

Why not PR_SET_PDEATHSIG alone: it fires when the *thread* that forked ends, and a parent that starts servers from a
short-lived thread would lose them. The guard forks from its only lasting thread, so there it is safe, and covers
the guard's own violent death. It is also a session of its own: Ctrl-C reaches only us, and we choose the order.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
EXIT_NOT_STARTED = 127
ORPHANS_WITHIN_S = 10


def prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the pipe alone has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def become(order: dict[str, Any]) -> None:
    """Turns this process into the server. `order`: argv, cwd, root (chroot or null), uid and gid (or null)."""
    if order["root"]:
        os.chroot(order["root"])
    os.chdir(order["cwd"])
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    os.umask(0o077)
    prctl(PR_SET_PDEATHSIG, order["stop"])  # after setuid, which clears it
    os.execve(order["argv"][0], order["argv"], order["env"])  # noqa: S606  a program that we name


def start(order: dict[str, Any]) -> int:
    """Forks the server, with our stderr (the log) as its output, and returns its pid."""
    ctypes.CDLL(None)  # loaded here: after chroot there may be nothing to load
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(2, 1)
            become(order)
        except Exception as e:
            os.write(2, f"cannot start {order['argv'][0]}: {e}\n".encode())
        finally:
            os._exit(EXIT_NOT_STARTED)
    return pid


def stop_when_orphaned(lifeline: int, stop: Callable[[], None], *, kill: Callable[[], None], grace_s: float) -> None:
    """Blocks until every holder of the pipe's other end is gone, then stops the server, by force after `grace_s`."""
    while os.read(lifeline, 1):
        pass
    stop()
    time.sleep(grace_s)  # ends early with the process: the main thread leaves when the server does
    kill()


def received() -> bytes:
    """The order: one line on standard input, never on the command line, which every user of this machine can read."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 65536)):
        line += more
    return line


def main() -> None:
    order = json.loads(received())
    for fd in order["keep"]:  # our own to hold (the lock), not the server's
        os.set_inheritable(fd, False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    pid = start(order)

    def send(number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: send(order["stop"]))
    os.write(1, f"{pid}\n".encode())
    os.close(1)
    threading.Thread(
        target=stop_when_orphaned,
        args=(0, lambda: send(order["stop"])),
        kwargs={"kill": lambda: send(signal.SIGKILL), "grace_s": order["grace_s"]},
        daemon=True,
    ).start()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    signal.alarm(ORPHANS_WITHIN_S)
    with contextlib.suppress(ChildProcessError):  # a killed postmaster's own children hold memory and port until gone
        while True:
            os.waitpid(-1, 0)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
