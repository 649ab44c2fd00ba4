"""The guards: lost words, strange codes and missing marks are found."""

from pathlib import Path

import pikepdf
import pytest

from challenge.foundation.i18n import LANGUAGES
from challenge.notices import pdf, proof, records, signing
from challenge.notices.documents import Document
from tests.builders.notices import VERIFY_URL, a_notice, some_scores


@pytest.fixture(scope="module")
def document() -> Document:
    return a_notice(scores=some_scores())


@pytest.fixture(scope="module")
def made(document: Document) -> pdf.Typeset:
    return pdf.typeset(document)


def test_every_word_of_a_good_notice_is_there(made: pdf.Typeset) -> None:
    words = proof.words_of(made.html)
    assert len(words) > 200
    assert proof.lost_words(made.pdf, words) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_lost_sentence_is_found(lang: str) -> None:
    made = pdf.typeset(a_notice("regret", lang))
    lost = {
        "en": "mangrove nurseries",
        "fr": "pépinières de mangroves",
        "es": "viveros de manglares",
        "ar": "مشاتل أشجار المانغروف",
    }
    words = [*proof.words_of(made.html), *lost[lang].split()]
    assert set(proof.lost_words(made.pdf, words)) >= {max(lost[lang].split(), key=len)}


def test_a_word_lost_once_of_twice_is_found(made: pdf.Typeset) -> None:
    assert proof.lost_words(made.pdf, ["Relevance", "Relevance"]) == ["Relevance"]


def test_a_very_long_word_is_followed_over_its_lines() -> None:
    made = pdf.typeset(a_notice("regret", proposal_title="x" * 3000 + "end"))
    assert proof.lost_words(made.pdf, proof.words_of(made.html)) == []
    assert proof.lost_words(made.pdf, ["y" * 3000]) != []


def test_the_qr_code_is_read_back_from_the_picture_of_the_page(made: pdf.Typeset) -> None:
    assert proof.qr_codes(made.pdf) == [VERIFY_URL]


def test_another_records_code_is_found(document: Document, made: pdf.Typeset) -> None:
    fault = proof.why_not_issue(made.pdf, text=[], verify_url=VERIFY_URL[:-1] + "C", record=document.record)
    assert str(fault) == f"The QR code leads to {VERIFY_URL}, not to {VERIFY_URL[:-1]}C."


def test_another_record_inside_is_found(made: pdf.Typeset) -> None:
    fault = proof.why_not_issue(made.pdf, text=[], verify_url=VERIFY_URL, record=b"{}")
    assert str(fault) == "The record inside the document is not the one that was given."


def test_the_attachment_is_the_record_byte_for_byte(document: Document, made: pdf.Typeset) -> None:
    assert proof.attachments(made.pdf) == {"award.json": document.record}
    assert document.record is not None
    record = records.read(document.record)
    assert records.canonical(record) == document.record
    assert (record.number, record.amount, record.outcome) == (
        "N-JET-2026-0002",
        records.Amount("46000.00", "USD"),
        "award",
    )


def test_the_marks_of_pdf_a_are_there(made: pdf.Typeset) -> None:
    marks = proof.marks(made.pdf)
    assert (marks.part, marks.conformance, marks.language) == ("3", "A", "en")
    assert (marks.title, marks.pages) == ("Award notice N-JET-2026-0002", 1)
    assert (marks.is_tagged, marks.shows_title, marks.loose_fonts) == (True, True, ())
    assert (marks.attachments, marks.associated) == (1, 1)


def test_a_mark_that_is_gone_is_found(document: Document, made: pdf.Typeset, tmp_path: Path) -> None:
    file = tmp_path / "broken.pdf"
    file.write_bytes(made.pdf)
    with pikepdf.open(file, allow_overwriting_input=True) as opened:
        del opened.Root["/MarkInfo"]
        opened.save()
    fault = proof.why_not_issue(file.read_bytes(), text=[], verify_url=VERIFY_URL, record=document.record)
    assert str(fault) == "The document lacks a mark of PDF/A: Tagged."


def test_a_report_tells_all(made: pdf.Typeset, tmp_path: Path) -> None:
    pair = signing.load_or_make_pair("", "", tmp_path)
    signed = signing.sign(made.pdf, pair)
    report = proof.report(signed, signing.validate(signed, [pair.root]))
    assert report.is_good
    assert report.record is not None
    assert report.record.number == "N-JET-2026-0002"
    assert [str(mark.name) for mark in report.marks] == [
        "Signature intact",
        "Signer trusted",
        "Award record inside",
        "QR code leads to the record",
        "Language of the record",
        "PDF/A-3a",
        "Tagged",
        "Language",
        "Title shown",
        "Fonts inside",
        "Attachments listed once",
    ]
    changed = signed.replace(b"/Marked true", b"/Marked null")
    assert not proof.report(changed, signing.validate(changed, [pair.root])).is_good
    assert not proof.report(b"nothing", signing.validate(b"nothing", [pair.root])).is_good
