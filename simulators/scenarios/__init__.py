"""Days on which things go wrong on purpose: a file says what and about when, the seed where, when and how badly, and
the truth is written down before anything is published."""
