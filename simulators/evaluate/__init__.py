"""`park evaluate`: a scenario played fast through the real broker, collector and database, and its alarms held against
the truth."""
