"""Decisions: award, reserve, decline, not eligible; with a reason, signed by a second person, released at one instant.

Managers propose, somebody else signs; nothing leaves before the moment of release.
"""
