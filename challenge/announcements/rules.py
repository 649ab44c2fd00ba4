"""When results and stories may be read by everybody. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime

from challenge.announcements.models import Announcement
from challenge.decisions.models import Release
from challenge.foundation.i18n import Text, _, format_datetime

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class _InZone:
    def __init__(self, moment: datetime, zone: str) -> None:
        self.moment, self.zone = moment, zone

    def __str__(self) -> str:
        return format_datetime(self.moment, self.zone)


def why_not_publish(
    release: Release | None, present: Announcement | None, at: datetime, moment: datetime, zone: str
) -> Text | None:
    """The reason why the results cannot be published at that instant, or nothing."""
    if release is None:
        return _("Release the decisions first; the results page shows what was released.")
    if at < release.released_at:
        return _(
            "The decisions are released on {moment}; the results cannot be public before.",
            moment=_InZone(release.released_at, zone),
        )
    if present is not None and present.published_at <= moment and at != present.published_at:
        return _("The results are public already; their moment stays. The introduction can be corrected.")
    return None


def why_not_story(slug: str, title: Mapping[str, str], body: Mapping[str, str]) -> Text | None:
    if not _SLUG.fullmatch(slug) or len(slug) > 80:
        return _("Use small letters, digits and hyphens, {n} at most. You wrote “{found}”.", n=80, found=slug)
    if not any(title.values()) or not any(body.values()):
        return _("A story needs a title and a text in at least one language.")
    return None
