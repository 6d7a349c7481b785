"""What a good gateway sends again after a lost connection, against a real broker."""

import time
from collections.abc import Callable

import pytest

from pipeline.address import BrokerAddress
from simulators import link as links
from simulators.link import Link, Sent
from simulators.servers.proxy import Proxy
from tests.conftest import OwnBroker, wait_until


def test_what_was_acknowledged_before_a_long_loss_is_sent_again_though_newer_acks_are_in(
    broker: OwnBroker, cut: Callable[[int], Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "RESEND_S", 0.5)
    proxy = cut(broker.port)
    address = BrokerAddress.parse(broker.url("device"))._replace(port=proxy.port)
    link = Link("gw", address, client_id="gw", will_topic="park/v1/small/gateway/gw/status", will=lambda _n: b"{}")
    acked: list[int] = []

    def send(number: int) -> None:
        link.send(number, Sent(number, "park/v1/small/meter/m1/readings", b"%d" % number, False, time.monotonic()))

    def all_acked(count: int) -> bool:
        acked.extend(number for number, _ in link.collect())
        return len(acked) >= count

    wait_until(link.connected.is_set, what="connected")
    for number in range(3):
        send(number)
    wait_until(lambda: all_acked(3), what="three PUBACKs")
    assert link.losses() is None
    lost_at = time.monotonic()
    proxy.cut()
    wait_until(lambda: not link.connected.is_set(), what="the loss")
    send(3)
    wait_until(lambda: time.monotonic() > lost_at + 2 * links.RESEND_S, what="a loss longer than what is remembered")
    proxy.heal()
    wait_until(lambda: all_acked(4), within=20, what="the fourth PUBACK, over the second connection")
    assert [sent.message for sent in link.losses() or []] == [0, 1, 2]
    link.close()
