"""Refusals. Each knows its HTTP status and says one sentence for people; none knows the web."""

from collections.abc import Mapping
from typing import Any

from challenge.foundation.i18n import Text, _

Reason = Text


class Problem(Exception):
    status = 500
    slug = "internal"

    def __init__(self, text: Text | None = None, **facts: Any) -> None:
        self.text = text or self.default()
        self.facts = facts
        super().__init__(self.text.msgid)

    def default(self) -> Text:
        return _("Something went wrong on our side. Nothing you sent before was changed.")


class SignInNeeded(Problem):
    status, slug = 401, "sign-in-needed"

    def default(self) -> Text:
        return _("This page is for people who are signed in.")


class NotAllowed(Problem):
    status, slug = 403, "not-allowed"

    def default(self) -> Text:
        return _("Your roles do not include this.")


class NotFound(Problem):
    status, slug = 404, "not-found"

    def default(self) -> Text:
        return _("There is nothing at this address, or it is not yours to see.")


class NotNow(Problem):
    status, slug = 409, "not-now"

    def default(self) -> Text:
        return _("This cannot be done now.")


class Clash(Problem):
    """The thing changed since the person read it. Both texts survive."""

    status, slug = 409, "stale-version"

    def default(self) -> Text:
        return _("Somebody changed this since you opened it. Nothing was overwritten.")


class ConflictOfInterest(Problem):
    status, slug = 409, "conflict-of-interest"

    def default(self) -> Text:
        return _("A conflict of interest stands in the way.")


class Gone(Problem):
    status, slug = 410, "gone"

    def default(self) -> Text:
        return _("This link has expired or was used before.")


class Unprocessable(Problem):
    status, slug = 422, "unprocessable"

    def __init__(
        self, text: Text | None = None, errors: Mapping[str, Text] | None = None, **facts: Any
    ) -> None:
        super().__init__(text, **facts)
        self.errors = dict(errors or {})

    def default(self) -> Text:
        return _("Some of what you sent needs another look.")


class TooMany(Problem):
    status, slug = 429, "too-many"

    def __init__(self, text: Text | None = None, retry_after: int = 60, **facts: Any) -> None:
        super().__init__(text, **facts)
        self.retry_after = retry_after

    def default(self) -> Text:
        return _("Too many tries. Wait a little and try again.")


class Unavailable(Problem):
    status, slug = 503, "unavailable"

    def default(self) -> Text:
        return _("A part of the service is down. What you saved is safe; try again in a few minutes.")


class NoRoom(Problem):
    status, slug = 507, "no-room"

    def default(self) -> Text:
        return _(
            "There is no room left for files here. What you saved is safe; tell the organizers and try again later."
        )


def refuse_if(reason: Text | None, error: type[Problem] = NotNow) -> None:
    if reason is not None:
        raise error(reason)
