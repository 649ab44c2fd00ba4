"""Who reviews what. Managers assign by hand in both directions and by file; a conflict forbids."""
