"""From a batch of understood messages to durable rows, and from rows and time to state; imports no other folder."""
