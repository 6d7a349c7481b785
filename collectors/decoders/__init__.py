"""One file per payload format; each turns a topic and bytes into what a message says, or rejects it with a reason."""
