"""Programmes and their calls: texts, stages, tracks, milestones, and when a stage is open.

Everybody above reads it. It knows no form, no proposal and no panel.
"""
