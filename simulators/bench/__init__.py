"""How fast and how honest ingest is: a load, its exact account, and yardsticks measured in the same run."""
