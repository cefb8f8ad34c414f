"""What people make of calls: notes, tags, marks, links for others, and the queue of looks."""
