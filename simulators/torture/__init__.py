"""`park torture`: random faults against the real stack under load, and the exact account of each message."""
