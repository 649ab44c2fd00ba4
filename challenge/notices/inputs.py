"""What somebody typed or gave to have a notice checked, and when staff want a release to be."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from challenge.calls.inputs import NewDeadline
from challenge.foundation.i18n import Text, _
from challenge.foundation.ids import plain_code
from challenge.foundation.text import one_line

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){2}")


def code_of(typed: Any) -> str:
    """The code in what somebody typed: the code itself, or the whole address from the letter. Else nothing."""
    text = one_line(str(typed or ""))[:300].rstrip("/").rpartition("/")[2]
    code = plain_code(text)
    return code if _CODE.fullmatch(code) else ""


def digest_of(typed: Any) -> str:
    text = str(typed or "").strip().lower()
    return text if _DIGEST.fullmatch(text) else ""


async def digest_of_file(upload: Any) -> str:
    """SHA-256 of an uploaded file, which is read once and kept nowhere. Nothing when there is no file."""
    if not getattr(upload, "filename", ""):
        return ""
    digest = hashlib.sha256()
    while piece := await upload.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


@dataclass(slots=True)
class Moment:
    """Now, or a day and hour in the zone of the call."""

    when: str
    day: str
    hour: str
    at: datetime | None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, moment: datetime, zone: str) -> "Moment":
        local = moment.astimezone(ZoneInfo(zone))
        return cls("now", local.date().isoformat(), local.strftime("%H:%M"), None)

    @classmethod
    def read(cls, form: Any, zone: str, moment: datetime) -> "Moment":
        when = "at" if form.get("when") == "at" else "now"
        given = NewDeadline.read(form, zone)
        if when == "now":
            return cls(when, given.day, given.hour, None)
        if given.instant is not None and given.instant <= moment:
            given.errors["day"] = _("This moment is past. Choose a later one, or release now.")
        return cls(when, given.day, given.hour, given.instant, given.errors)
