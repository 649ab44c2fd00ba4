from datetime import datetime

from challenge.foundation.i18n import format_datetime


class InZone:
    """A moment in a sentence or a list of facts, said in one zone and in the current language, to the second."""

    def __init__(self, moment: datetime, zone: str) -> None:
        self.moment, self.zone = moment, zone

    def __str__(self) -> str:
        return format_datetime(self.moment, self.zone, seconds=True)
