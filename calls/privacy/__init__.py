"""What is masked, what is erased, and the proof of it."""
