"""Contacts, their files, and who is not to be called."""
