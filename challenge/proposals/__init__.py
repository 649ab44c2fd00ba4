"""Proposals: start, write, submit, withdraw, reopen; and Sight, the one answer to who sees what.

Applicants enter through the pages; every room above asks `visible_to` and `seen_by` here.
It knows no panel, no score and no decision: those rooms tell it by writing Sight.
"""
