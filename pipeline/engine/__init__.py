"""The time-driven half: an ordered list of steps that turn due deadlines into transition rows."""
