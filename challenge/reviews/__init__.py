"""Reviews: one reviewer's judgement of one proposal in one stage: scores, remarks, submission.

Reviewers enter through the queue. Others' scores stay hidden until the own review is in.
"""
