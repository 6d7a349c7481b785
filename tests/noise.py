"""Rules and watches put straight into a database, and alarms raised and returned by the store's own functions."""

from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from pipeline.store import alarms
from pipeline.store.alarms import Raising, Returning

RULED = datetime(2026, 10, 1, tzinfo=UTC)


class Noisy:
    """Makes rules, watches and alarms of one park."""

    def __init__(self, conn: psycopg.Connection, park: str = "small") -> None:
        self.conn, self.park = conn, park

    def rule(self, rule_id: str, *, kind: str = "limits", priority: str = "high", position: str = "operations",
             maintenance: bool = False, life_safety: bool = False, at: datetime = RULED, off_delay_s: float = 0.0,
             chatter_raises: int = 3, reopen_s: float = 300.0, respond_s: float = 600.0) -> int:  # fmt: skip
        """A rule of one version; its number."""
        (number,) = self.conn.execute(
            "insert into smartpark.alarm_rule (park_id, rule_id, version, origin) values (%s, %s, 1, 'api')"
            " returning rule",
            [self.park, rule_id],
        ).fetchone() or (0,)
        name = {"zh": f"规则 {rule_id}", "en": rule_id.replace("-", " ").capitalize()}
        self.conn.execute(
            "insert into smartpark.alarm_rule_version (rule, version, at, actor, kind, enabled, priority, life_safety,"
            " latched, maintenance, position, name_zh, name_en, on_delay_s, off_delay_s, reopen_s, respond_s,"
            " chatter_raises, chatter_s, spec) values (%(rule)s, 1, %(at)s, 'test', %(kind)s, true, %(priority)s,"
            " %(life_safety)s, false, %(maintenance)s, %(position)s, %(zh)s, %(en)s, 0, %(off)s, %(reopen)s,"
            " %(respond)s, %(raises)s, 60, %(spec)s)",
            {
                "rule": number, "at": at, "kind": kind, "priority": priority, "life_safety": life_safety,
                "maintenance": maintenance, "position": position, "zh": name["zh"], "en": name["en"],
                "off": off_delay_s, "reopen": reopen_s, "respond": respond_s, "raises": chatter_raises,
                "spec": Jsonb({"id": rule_id, "name": name, "cause": name, "consequence": name, "response": [name]}),
            },
        )  # fmt: skip
        return int(number)

    def watch(self, rule: int, device_id: str, point: str | None = None) -> int:
        """What a rule watches: a device, or a point of it; its number."""
        (number,) = self.conn.execute(
            "insert into smartpark.alarm_watch (rule, device, point) select %(rule)s, d.device, p.point"
            " from smartpark.device d left join smartpark.point p on p.device = d.device and p.name = %(point)s"
            " where d.park_id = %(park)s and d.device_id = %(device)s returning watch",
            {"rule": rule, "park": self.park, "device": device_id, "point": point},
        ).fetchone() or (0,)
        assert number, device_id
        return int(number)

    def device(self, device_id: str, *, type_: str = "room", family: str = "sensor", space: str | None = "b1",
               gateway: str | None = None) -> str:  # fmt: skip
        """One more device; its id."""
        self.conn.execute(
            "insert into smartpark.device (park_id, device_id, family, type, name_zh, name_en, space_id, gateway_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [self.park, device_id, family, type_, f"设备 {device_id}", f"Device {device_id}", space, gateway],
        )
        return device_id

    def raise_(self, *watches: int, at: datetime, now: datetime | None = None, historic: bool = False) -> list[int]:
        """Raises (or re-opens, or records) alarms of watches; their numbers."""
        now = now or at
        over, why = (at if historic else None), {"kind": "limits", "value": 1.0}
        new = [Raising(w, at, at, now, 1.0, why, historic=historic, returned=over) for w in watches]
        return alarms.raise_(self.conn, new, now=now)

    def return_(self, *watches: int, at: datetime, now: datetime | None = None) -> list[int]:
        """Returns them."""
        return alarms.return_(self.conn, [Returning(w, at, now or at) for w in watches], now=now or at)

    def acknowledge(self, *numbers: int, at: datetime) -> None:
        """A person has seen them (what has returned is closed by that)."""
        for number in numbers:
            self.conn.execute(
                "update smartpark.alarm set acknowledged = true, seen_at = %(at)s, seen_by = 'li',"
                " state = case when active then 'acknowledged' else 'normal' end,"
                " closed = case when active then null else %(at)s end where alarm = %(alarm)s",
                {"at": at, "alarm": number},
            )
            self.conn.execute(
                "insert into smartpark.alarm_journal (alarm, at, event_time, actor, action, from_state, to_state)"
                " select alarm, %(at)s, %(at)s, 'li', 'acknowledge', 'unacknowledged', state from smartpark.alarm"
                " where alarm = %(alarm)s",
                {"at": at, "alarm": number},
            )

    def pulse(self, watch: int, *, at: datetime, seconds: float) -> None:
        """Raised, and returned after so long."""
        self.raise_(watch, at=at)
        self.return_(watch, at=at + timedelta(seconds=seconds))

    def hold(self, watch: int, *, kind: str, at: datetime, parent: int | None = None) -> None:
        """Keeps a watch's alarms from people."""
        self.conn.execute(
            "insert into smartpark.alarm_hold (kind, park_id, watch, parent, reason, owner, set_by, set_at, until)"
            " values (%s, %s, %s, %s, 'test', 'test', 'test', %s, %s)",
            [kind, self.park, watch, parent, at, at + timedelta(days=30)],
        )
