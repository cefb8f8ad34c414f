"""Recordings: fetched, kept, measured and played."""
