"""Tile `park`: whose figures these are, what stores them, and which build of the screens fits."""

from api.tiles.look import Look, Tile

EDITIONS = {"apache": "Apache", "community": "community"}


class ParkTile:
    """Changes only with the registry or the servers."""

    name = "park"
    every_s = 60.0
    kinds = frozenset({"registry"})
    quiet: frozenset[str] = frozenset()

    def __init__(self, *, build: str, notice: str) -> None:
        self.build, self.notice = build, notice

    def compute(self, look: Look) -> Tile:
        """Always of `look.now`."""
        found = look.reader.one("tile_database")
        server = str(found["server"]).split()[0]
        if found["timescale"]:
            edition = EDITIONS.get(str(found["edition"]), "edition unknown")
            database = f"TimescaleDB {found['timescale']} ({edition}) on PostgreSQL {server}"
        else:
            database = f"PostgreSQL {server} without TimescaleDB (demonstration only)"
        data = {
            "park_id": look.park.park_id,
            "name": look.park.name,
            "address": look.park.address,
            "time_zone": look.park.zone.key,
            "database": database,
            "demonstration_only": found["edition"] == "plain",
            "notice": self.notice or None,
            "build": self.build,
        }
        return Tile(look.now, 300, data)
