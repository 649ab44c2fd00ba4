"""One recorded line per verb, chained by hash: one chain for each call and one for the house.

Every verb enters with `record`; `challenge verify` walks the chains. It judges nothing and renders nothing.
"""
