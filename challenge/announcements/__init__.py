"""Public news of a call: the results page and stories of winners. Everybody reads, managers publish."""
