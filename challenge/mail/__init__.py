"""The outbox: every message is a row before it is a mail, in the language of the one who reads it.

Verbs enter with `post`; the worker sends. It knows no letter by name.
"""
