"""Webhooks out: who is owed one, how it is written, sent and settled."""
