"""The tests: stories on real servers, contracts, and the fixtures they share (conftest.py)."""
