"""What enters from and leaves for other systems: call files, feeds, open data.

Every format stands beside the others and shows no more than the pages do.
"""
