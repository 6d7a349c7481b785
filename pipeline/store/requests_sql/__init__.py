"""The statements about requests, their quotes and their photos, loaded once for the modules that run them."""

from pathlib import Path

from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent)
