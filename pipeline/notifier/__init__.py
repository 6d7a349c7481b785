"""Sends what is in the outbox: signed webhooks, ntfy, e-mail."""
