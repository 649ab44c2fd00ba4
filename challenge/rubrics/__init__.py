"""How proposals are judged: a rubric with its scale, criteria, anchors, weights, thresholds and tie-breaks.

Organizers write rubrics, reviews are held against them, `scoring` counts with them.
No score is kept here and nothing is ranked here.
"""
