"""What every room stands on and no noun of the field: clock, database, errors, languages, text, web.

Everybody imports from here; nothing here imports a room.
"""
