"""Alarms that follow the clock: delays that run out, silence, holds that end, rules that are gone, whom to tell."""

from pathlib import Path

from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sql")
