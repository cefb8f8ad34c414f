"""Forms about contacts and calls."""
