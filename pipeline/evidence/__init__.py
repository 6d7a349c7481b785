"""Proof that work orders happened as they are told: signed heads of all chains, and bundles that prove one order."""
