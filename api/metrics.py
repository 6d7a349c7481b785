"""The closed list of metric names of the API; docs/api.md has one line for each."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("park_api_requests", "Requests answered, streams when they end.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("park_api_request_seconds", "Time to answer, streams apart.", ["route"], buckets=SECONDS)
PROBLEMS = Counter("park_api_problems", "Problem details answered, by the last part of their type.", ["problem"])

LIVE_CLIENTS = Gauge("park_api_live_clients", "Open live streams.")
LIVE_EVENTS = Counter("park_api_live_events", "Events that the hub encoded, each once.", ["event"])
LIVE_OPENED = Counter("park_api_live_opened", "Streams opened: with a snapshot, or resumed without a gap.", ["how"])
LIVE_CLOSED = Counter("park_api_live_closed", "Streams ended: gone, slow, signed-out or shutdown.", ["why"])

TILE_SECONDS = Histogram("park_api_tile_seconds", "Time to compute a tile.", ["tile"], buckets=SECONDS)
DATABASE_UP = Gauge("park_api_database_up", "1 while the last refresh of the tiles found the database.")
