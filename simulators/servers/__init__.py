"""Database and broker for the demonstration and the tests: chosen, started as children of this process, stopped."""
