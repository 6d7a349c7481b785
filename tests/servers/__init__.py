"""The private servers themselves: what they promise, and what survives."""
