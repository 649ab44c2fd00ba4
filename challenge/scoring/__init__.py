"""From scores to a ranking: what a review, a panel and a whole call amount to, and how that came about.

Organizers enter to freeze a ranking; everybody who may see one can have it explained and computed again.
It gives no scores and takes no decisions.
"""
