"""Files of calls."""
