"""The people of a park's service desk, simulated: who asks for what, who goes there, how long it takes, and what they
forget. They act through the store's public functions only; what they meant is written down apart, as the truth."""
