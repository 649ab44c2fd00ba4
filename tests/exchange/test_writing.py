from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile, as_json, digest
from challenge.exchange.call_files.tree import kept
from challenge.exchange.call_files.writing import dump
from tests.exchange.small_call import SMALL, broken


def small() -> CallFile:
    call = check(SMALL)
    assert isinstance(call, CallFile)
    return call


def test_moments_are_written_in_the_zone_of_the_call() -> None:
    written = yaml.safe_load(dump(small()))
    assert written["stages"][0]["closes_at"] == "2027-02-28T17:00:00+01:00"
    assert written["timetable"][1]["date"] == "2027-02-28"
    assert as_json(small())["stages"][0]["closes_at"] == "2027-02-28T16:00:00Z"


def test_numbers_are_written_as_numbers_and_defaults_left_out() -> None:
    text = dump(small())
    assert "per_award_max: 50000\n" in text
    assert "threshold: 2.5\n" in text
    assert "step: 0.5\n" in text
    for left_out in ("blind", "counted", "max_points", "filled_in", "tracks", "panel: mean"):
        assert left_out not in text


def test_a_heading_becomes_comment_lines() -> None:
    text = dump(small(), "Written on 25 November.\n\nNothing else.")
    assert text.startswith("# Written on 25 November.\n#\n# Nothing else.\nid: small-call\n")
    assert check(text) == small()


def test_nothing_is_written_as_a_reference() -> None:
    texts = {"en": "The same words", "fr": "Les mêmes mots"}
    call = msgspec.structs.replace(small(), guidance=texts, commitments=texts, tracks=())
    assert "&" not in dump(call)
    assert check(dump(call)) == call


def test_the_digest_knows_content_and_not_layout() -> None:
    folded = broken(
        '{en: "What it is about.", fr: "De quoi il s’agit."}',
        "\n  fr: De quoi il s’agit.\n  en: What it is about.",
    )
    call = check(folded)
    assert isinstance(call, CallFile)
    assert digest(call) == digest(small())
    assert digest(msgspec.structs.replace(small(), version="2")) != digest(small())


words = st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), min_size=1, max_size=200).map(kept)
texts = st.fixed_dictionaries({"en": words.filter(bool), "fr": words.filter(bool)})
amounts = st.decimals(Decimal("0.01"), Decimal(10**9), places=2)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=80, deadline=None)
@given(
    texts,
    texts,
    amounts,
    moments,
    st.lists(
        st.sampled_from(["no", "on", "1", "0.5", "null", "~", "2027-01-01", "a: b", "- c", "# d"]), max_size=4
    ),
)
def test_whatever_a_call_says_is_read_again_as_it_was(
    title: dict[str, str], summary: dict[str, str], amount: Decimal, opens: datetime, themes: list[str]
) -> None:
    call = small()
    call = msgspec.structs.replace(
        call,
        title=title,
        summary=summary,
        source_themes=tuple(themes),
        awards=msgspec.structs.replace(call.awards, per_award_max=amount),
        stages=(
            msgspec.structs.replace(call.stages[0], opens_at=opens, closes_at=opens + timedelta(days=30)),
        ),
    )
    again = check(dump(call))
    assert isinstance(again, CallFile), [str(fault) for fault in again]
    assert again == call
    assert digest(again) == digest(call)
