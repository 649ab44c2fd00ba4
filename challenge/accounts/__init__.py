"""People, what they may do, and how they come in.

Everybody enters through the gate here. It knows no call and no proposal: a role names its scope by id.
"""
