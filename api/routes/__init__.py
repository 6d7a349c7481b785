"""What can be asked over HTTP: JSON under PREFIX, versioned; errors as in api/problems.py."""

PREFIX = "/api/v1"
