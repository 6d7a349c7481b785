"""The proxy that other tests cut connections with."""

import socket
from collections.abc import Callable

import pytest

from simulators.servers.proxy import Proxy


def test_forwards_cuts_refuses_and_heals_on_the_same_port(cut: Callable[[int], Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        proxy = cut(target.getsockname()[1])
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            near.sendall(b"there")
            assert far.recv(9) == b"there"
            far.sendall(b"back")
            assert near.recv(9) == b"back"
            proxy.cut()
            assert near.recv(9) == b""
            assert far.recv(9) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port))
        proxy.heal()
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            near.sendall(b"again")
            assert far.recv(9) == b"again"


def test_a_frozen_connection_stays_open_and_silent_until_healed(cut: Callable[[int], Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        proxy = cut(target.getsockname()[1])
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            near.sendall(b"1")
            assert far.recv(1) == b"1"
            proxy.freeze()
            near.sendall(b"2")
            far.settimeout(0.2)
            with pytest.raises(TimeoutError):
                far.recv(1)
            far.settimeout(10)
            proxy.heal()
            assert far.recv(1) == b"2"
            proxy.freeze()
            proxy.cut()
            assert near.recv(1) == b""


def test_one_way_can_be_frozen_alone_and_a_cut_can_reset(cut: Callable[[int], Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        proxy = cut(target.getsockname()[1])
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            near.sendall(b"1")
            assert far.recv(1) == b"1"
            proxy.freeze("back")
            near.sendall(b"2")
            assert far.recv(1) == b"2"
            far.sendall(b"3")
            near.settimeout(0.2)
            with pytest.raises(TimeoutError):
                near.recv(1)
            near.settimeout(10)
            proxy.cut(reset=True)
            with pytest.raises(ConnectionResetError):
                near.recv(1)
            with pytest.raises(ConnectionResetError):
                far.recv(1)
        proxy.heal()
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            far.sendall(b"4")
            assert near.recv(1) == b"4"


def test_a_slow_connection_passes_everything_in_order(cut: Callable[[int], Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        proxy = cut(target.getsockname()[1])
        proxy.slow(0.05)
        with socket.create_connection(("127.0.0.1", proxy.port)) as near, target.accept()[0] as far:
            near.sendall(b"12")
            near.sendall(b"34")
            near.shutdown(socket.SHUT_WR)
            with far.makefile("rb") as whole:
                assert whole.read() == b"1234"
