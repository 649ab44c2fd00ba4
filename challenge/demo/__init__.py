"""The demonstration: a whole call on invented content, done with the verbs that people use.

`scripts/demo` enters through `commands`. It knows every room; no room knows it.
"""
