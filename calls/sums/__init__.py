"""The sums of calls, kept up to date."""
