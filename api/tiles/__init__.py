"""The tiles of the overview: each computes one figure-bearing object from views, for a given instant."""
