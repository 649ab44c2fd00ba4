"""Work for later, enqueued in the same transaction as the change that asked for it.

Verbs enter with `enqueue`; the worker takes jobs out. It knows no task by name: the roof hands it the list.
"""
