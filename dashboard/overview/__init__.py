"""The overview: what the calls of a workspace came to, from their sums."""
