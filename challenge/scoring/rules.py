from challenge.foundation.i18n import Text, _, _n


def why_not_freeze(*, open_reviews: int, ranked: int, is_signed: bool, sees_all: bool = True) -> Text | None:
    """The reason why the ranking cannot be frozen now, or nothing.

    Who does not see every proposal is refused before anything is counted, so that the refusal tells nothing.
    """
    if is_signed:
        return _("The decisions are signed; the ranking under them stays.")
    if not sees_all:
        return _(
            "Somebody who sees every proposal of this stage freezes its ranking; you stand aside from one."
        )
    if ranked == 0:
        return _("There is nothing to rank yet: no proposal has a submitted review.")
    if open_reviews:
        return _n(
            "One assigned review is not submitted yet. Wait for it, or take the assignment back.",
            "{n} assigned reviews are not submitted yet. Wait for them, or take the assignments back.",
            open_reviews,
        )
    return None


def why_not_open_reviews(*, is_closed: bool, is_signed: bool) -> Text | None:
    """The reason why the reviews under a frozen ranking cannot be opened again, or nothing."""
    if is_signed:
        return _("The decisions are signed; the ranking under them stays.")
    return None if is_closed else _("The reviews are open already.")
