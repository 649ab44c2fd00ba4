"""Documents: received, checked, released; the only user of the storage package.

Doors enter with `receive` and `open_document`. It does not know what a document is attached to.
"""
