"""Formal letters and other documents: what they say, how they look, who signed them.

Entered from the desk and from the tasks that follow a release. Nothing here decides an outcome: a notice
tells what `decisions` decided. `pdf.py` alone knows WeasyPrint, `signing.py` alone pyHanko.
"""
