from challenge.foundation.i18n import Text, _, _n


def why_not_freeze(*, open_reviews: int, ranked: int, is_signed: bool) -> Text | None:
    """The reason why the ranking cannot be frozen now, or nothing."""
    if is_signed:
        return _("The decisions are signed; the ranking under them stays.")
    if ranked == 0:
        return _("There is nothing to rank yet: no proposal has a submitted review.")
    if open_reviews:
        return _n(
            "One assigned review is not submitted yet. Wait for it, or take the assignment back.",
            "{n} assigned reviews are not submitted yet. Wait for them, or take the assignments back.",
            open_reviews,
        )
    return None
