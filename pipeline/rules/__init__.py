"""Judges what devices say by the park's rules."""
