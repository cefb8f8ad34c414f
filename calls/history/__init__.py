"""The history: what narrows it, what finds words in it, its pages and counts."""
