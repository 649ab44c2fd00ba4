"""The list of proposals as an address says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from challenge.foundation.text import one_line

PAGE = 50
STATES = ("to-rule", "eligible", "not-eligible", "withdrawn")
ORDERS = ("number", "title", "country", "score", "requested", "submitted")
REVIEWS = ("missing", "complete")


@dataclass(frozen=True, slots=True)
class Filter:
    """What makes no sense in an address is left out, never an error."""

    q: str = ""
    state: str = ""
    country: str = ""
    language: str = ""
    track: str = ""
    reviews: str = ""
    order: str = "number"
    is_descending: bool = False
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Filter":
        def given(name: str, length: int = 40) -> str:
            return one_line(str(query.get(name) or ""))[:length]

        def known(name: str, words: tuple[str, ...]) -> str:
            word = given(name)
            return word if word in words else ""

        sort = given("sort")
        order = sort.removeprefix("-")
        page = given("page", 6)
        return cls(
            q=given("q", 200),
            state=known("state", STATES),
            country=given("country", 2).upper(),
            language=given("language", 10),
            track=given("track"),
            reviews=known("reviews", REVIEWS),
            order=order if order in ORDERS else "number",
            is_descending=sort.startswith("-") and order in ORDERS,
            page=max(1, min(int(page), 100_000)) if page.isascii() and page.isdecimal() else 1,
        )

    @property
    def is_narrow(self) -> bool:
        return any((self.q, self.state, self.country, self.language, self.track, self.reviews))

    def query(self, **changes: Any) -> str:
        """The address of the same list with something changed; what is at its default stays out."""
        one = replace(self, **{"page": 1, **changes})
        sort = ("-" if one.is_descending else "") + one.order
        parts = {
            "q": one.q,
            "state": one.state,
            "country": one.country,
            "language": one.language,
            "track": one.track,
            "reviews": one.reviews,
            "sort": "" if sort == "number" else sort,
            "page": "" if one.page == 1 else str(one.page),
        }
        written = urlencode({name: value for name, value in parts.items() if value})
        return f"?{written}" if written else "?"

    def sorted_by(self, order: str) -> str:
        return self.query(order=order, is_descending=self.order == order and not self.is_descending)

    def direction(self, order: str) -> str:
        return ("descending" if self.is_descending else "ascending") if self.order == order else ""
