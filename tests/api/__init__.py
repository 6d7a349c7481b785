"""The API on a real TimescaleDB, asked over HTTP."""
