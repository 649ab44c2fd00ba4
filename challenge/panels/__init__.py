"""Panels and the people on them: seats, invitations, expertise, conflicts of interest.

Managers make panels, reviewers answer for themselves. It does not know who reads what.
"""
