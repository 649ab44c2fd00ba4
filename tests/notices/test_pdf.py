"""Pages: equal bytes for equal input, nothing lost, nothing hostile gets through."""

import asyncio
import hashlib
from collections.abc import Iterator
from decimal import Decimal

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from challenge.foundation.i18n import LANGUAGES, Text
from challenge.notices import documents, pdf, proof
from challenge.notices.documents import Brand, Signer
from challenge.notices.kinds import KINDS
from tests.builders.notices import (
    VERIFY_URL,
    a_brand,
    a_notice,
    a_proposal_copy,
    a_question_sheet,
    a_receipt,
    some_scores,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 260 90"><path d="M12 62C26 20 44 6 48 18" stroke="#1c3f73" stroke-width="3" fill="none"/></svg>'


def pages(made: bytes) -> int:
    return proof.marks(made).pages


@pytest.fixture(scope="module")
def workers() -> Iterator[pdf.Workers]:
    started = pdf.Workers(1, pdf.Limits(cpu_seconds=3, wall_seconds=60))
    yield started
    started.stop()


# ---------------------------------------------------------------- the letters


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", [kind.code for kind in KINDS])
def test_every_letter_is_one_proved_page(code: str, lang: str) -> None:
    made = pdf.make(a_notice(code, lang))
    assert pages(made) == 1
    assert proof.marks(made).language == lang


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_award_with_its_score_table_still_fits_one_page(lang: str) -> None:
    made = pdf.make(a_notice("award", lang, scores=some_scores(lang), score=Decimal("82.2")))
    assert pages(made) == 1


def test_a_letter_of_two_pages_keeps_its_end_together() -> None:
    texts = {"paragraphs": {"en": ["The panel has read the proposal with care. " * 14] * 4}}
    made = pdf.typeset(a_notice("regret", texts=texts))
    assert pages(made.pdf) == 2
    assert proof.lost_words(made.pdf, proof.words_of(made.html)) == []
    assert proof.qr_codes(made.pdf) == [VERIFY_URL]


def test_the_demonstration_line_is_in_the_foot_only_when_the_record_says_so() -> None:
    line = "Demonstration document."
    assert line in pdf.typeset(a_notice(demonstration=True)).html
    assert line not in pdf.typeset(a_notice(demonstration=False)).html


def test_a_brand_brings_its_logo_its_colour_and_its_signer() -> None:
    brand = a_brand(accent="#ffcc00", logo=SVG, line="United Ocean Programme · 1 Harbour Square, Nairobi")
    signer = Signer(name="Ingrid Solheim", role="Director, Innovation", image=SVG)
    made = pdf.typeset(a_notice(brand=brand, signer=signer))
    assert proof.why_not_issue(made.pdf, text=proof.words_of(made.html), verify_url=VERIFY_URL) is None
    assert "Ingrid Solheim" in made.html
    assert "#ffcc00" not in made.html
    assert documents.contrast(brand.colour) >= 4.5


def test_a_brand_can_smuggle_in_nothing_but_a_colour() -> None:
    with pytest.raises(ValueError, match="not a colour"):
        _ = Brand(organizer="X", accent="red;background:url(http://127.0.0.1/)").colour


def test_letters_with_several_accents_leave_other_words_readable() -> None:
    """In Yoruba, Guarani and others an accent stands on a letter that has no composed form with it."""
    made = pdf.typeset(
        a_notice(organization="Ẹgbẹ́ Ọ̀ṣun Tẹ̀gẹ́", proposal_title="Ẹ̀kọ́ iṣẹ́ fún gbogbo ẹni, g̃uarani")
    )
    read = proof._text_by_pdfium(made.pdf)
    assert "Your" not in read
    assert "We ask you to confirm by 11 December 2026" in read
    assert "receives an award" in read
    assert proof.lost_words(made.pdf, proof.words_of(made.html)) == []


# ---------------------------------------------------------------- equal input, equal bytes


def test_the_same_notice_twice_is_the_same_bytes() -> None:
    first = pdf.typeset(a_notice("award", "ar", scores=some_scores("ar"))).pdf
    pdf.typeset(a_notice("regret", "fr"))
    assert pdf.typeset(a_notice("award", "ar", scores=some_scores("ar"))).pdf == first


async def test_another_process_makes_the_same_bytes(workers: pdf.Workers) -> None:
    both = [a_notice("award", "en"), a_notice("regret", "ar")]
    here = [hashlib.sha256(pdf.typeset(document).pdf).hexdigest() for document in both]
    made = await asyncio.gather(*(workers.make(document) for document in both))
    assert [hashlib.sha256(each).hexdigest() for each in made] == here


def test_every_notice_carries_its_own_code() -> None:
    """The trap: a picture cache keyed by address gave all notices the first one's QR code."""
    for code in ("7Q4MX-K2XDH-9TRAB", "2B4MX-K2XDH-9TRAC", "3C4MX-K2XDH-9TRAD"):
        url = f"https://awards.example.org/v/{code}"
        assert proof.qr_codes(pdf.typeset(a_notice(verify_url=url)).pdf) == [url]


def test_render_is_the_same_engine() -> None:
    document = a_notice()
    made = pdf.render(
        document.template,
        document.values,
        lang=document.lang,
        record=document.record,
        identifier=document.identifier,
        created=document.created,
        brand=document.brand,
        verify_url=document.verify_url,
    )
    assert proof.attachments(made) == {"award.json": document.record}


# ---------------------------------------------------------------- the other documents


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_receipt_holds_every_fingerprint_and_its_sealed_json(lang: str) -> None:
    receipt = a_receipt(lang)
    made = pdf.make(documents.receipt(receipt, a_brand(lang), lang=lang, record=b'{"number":"R-0183-2"}'))
    assert proof.attachments(made) == {"receipt.json": b'{"number":"R-0183-2"}'}
    assert proof.qr_codes(made) == [receipt.verify_url]
    read = proof._letters(proof._text_by_pdfium(made))
    digests = [line.digest for line in receipt.answers] + [file.digest for file in receipt.files]
    assert [digest for digest in digests if digest not in read] == []
    html = pdf.typeset(documents.receipt(receipt, a_brand(lang), lang=lang)).html
    assert "8f1d 3ab2 77c0 e94b 5d66 01fe a2c9 4410 c07a 9e21 4b18 d3f5 6690 aa31 07de 52cb" in html


def test_a_receipt_tells_how_early_it_was_and_both_clocks() -> None:
    made = pdf.typeset(documents.receipt(a_receipt(), a_brand(), lang="en"))
    assert "Your proposal was received 12 days before the deadline" in made.html
    assert "16 February 2026, 12:52:07 (Geneva)" in made.html
    assert "16 February 2026, 11:52:07 UTC" in made.html


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_the_question_sheet_shows_all_there_is_to_answer(lang: str) -> None:
    made = pdf.make(documents.questions(a_question_sheet(lang), a_brand(lang), lang=lang))
    assert proof.marks(made).attachments == 0
    html = pdf.typeset(documents.questions(a_question_sheet(lang), a_brand(lang), lang=lang)).html
    assert 'href="https://challenge.example.org/calls/ilo-just-energy-transition"' in html


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_proposal_shows_all_its_answers(lang: str) -> None:
    pdf.make(documents.proposal(a_proposal_copy(lang), a_brand(lang), lang=lang))


def test_a_draft_says_that_it_is_one() -> None:
    made = pdf.typeset(documents.proposal(a_proposal_copy(submitted_at=None), a_brand(), lang="en"))
    assert "Draft of a proposal, not submitted" in made.html


# ---------------------------------------------------------------- hostile values


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ 7 * 7 }} {% for x in range(10) %}{{ x }}{% endfor %}",
        "{recipient} {amount} %(name)s %s ${HOME}",
        "<script>alert(1)</script><img src='file:///etc/passwd'><style>*{display:none}</style>",
        "</p></body></html><h1>Another award</h1>",
        "<link rel=attachment href='file:///etc/passwd'>",
        "a\u202eb\u2066c\u2069d\x00e\x07f\ufffeg",
        "W" * 3000,
        "سلمى" * 700,
        "e" + "\u0301" * 200,
        "🌱 green 👩\u200d🔬 idea",
        "\u200f\u200e\u200b\u2028 spaces",
    ],
)
def test_a_hostile_value_is_text_and_nothing_else(hostile: str) -> None:
    document = a_notice("award", organization=hostile, proposal_title=hostile)
    made, html = (both := pdf.typeset(document)).pdf, both.html
    assert proof.lost_words(made, proof.words_of(html)) == []
    assert proof.attachments(made) == {"award.json": document.record}
    assert "<script" not in html
    assert html.count("</body>") == 1
    assert "49" not in proof._text_by_pdfium(made).replace("2049", "")
    assert not set(html) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\x00\x07")


def test_a_letter_no_font_has_is_refused_with_a_sentence() -> None:
    with pytest.raises(pdf.Unprintable) as refused:
        pdf.make(a_notice(recipient="\U00013080 Thoth"))
    assert str(refused.value.text).startswith(
        "No font on this machine can print these letters: \U00013080 (U+13080)"
    )


def test_a_picture_from_elsewhere_is_refused() -> None:
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="file:///etc/passwd" width="9" height="9"/></svg>'
    with pytest.raises(pdf.Unprintable, match="cannot be drawn"):
        pdf.typeset(a_notice(brand=a_brand(logo=logo)))


def test_a_template_may_not_reach_into_python() -> None:
    with pytest.raises(SecurityError):
        pdf._environment().from_string("{{ ''.__class__.__mro__ }}").render()
    with pytest.raises(UndefinedError):
        pdf._environment().from_string("{{ nobody }}").render()


async def test_a_document_that_takes_too_long_is_stopped_and_the_next_one_is_made(
    workers: pdf.Workers,
) -> None:
    endless = documents.proposal(_endless(), a_brand(), lang="en")
    with pytest.raises(pdf.Unprintable) as refused:
        await workers.make(endless)
    assert str(refused.value.text) == (
        "The document took more time or memory than one may take. Shorten its texts."
    )
    assert pages(await workers.make(a_notice("regret"))) == 1


def test_a_document_beyond_all_measure_is_refused_before_it_is_laid_out() -> None:
    with pytest.raises(pdf.Unprintable) as refused:
        pdf.typeset(a_notice(proposal_title="word " * 500_000))
    assert str(refused.value.text) == "The document is too long to be printed. Shorten its texts."


async def test_a_refusal_crosses_the_process_with_its_sentence(workers: pdf.Workers) -> None:
    with pytest.raises(pdf.Unprintable) as refused:
        await workers.make(a_notice(recipient="\U00013080"))
    assert isinstance(refused.value.text, Text)
    assert "U+13080" in str(refused.value.text)


def _endless() -> documents.ProposalCopy:
    text = "\n".join(
        "many words stand in this line of an answer that never ends " * 3 for _line in range(5_000)
    )
    answers = (documents.Answer(label="Summary", text=text),)
    return a_proposal_copy(sections=(documents.AnswerSection(label="Idea", answers=answers),))
