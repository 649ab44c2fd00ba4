"""What is asked and what was answered: frozen form versions, their questions, and the answers given to them.

Enters: `definition` (the shape of a form), `kinds` (one file per kind of question), `inputs` (typed text to
values), `rules` (what is missing, what breaks a limit, the digests). This room never decides whether a call
is open and never keeps the bytes of a file.
"""
