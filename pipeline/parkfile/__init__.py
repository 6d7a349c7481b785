"""The park file: one TOML file that describes a whole park, and the device lists that facility staff keep beside it."""

from pipeline.parkfile.problems import InvalidParkFileError, Problem
from pipeline.parkfile.reader import read

__all__ = ["InvalidParkFileError", "Problem", "read"]
