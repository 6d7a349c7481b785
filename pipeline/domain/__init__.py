"""The vocabulary: what a park consists of and what its devices say. Imports the standard library only."""
