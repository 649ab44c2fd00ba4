from datetime import UTC, datetime
from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.exchange.call_files.faults import Fault
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile, form_in_use
from challenge.foundation.i18n import speaking
from challenge.rubrics.definition import level_key
from tests.exchange.small_call import SMALL, broken


def faults(text: str) -> list[tuple[int, int, str, str]]:
    found = check(text, "small.yaml")
    assert isinstance(found, list), "the file reads clean"
    return [(fault.line, fault.column, fault.path, str(fault.message)) for fault in found]


def read(text: str) -> CallFile:
    call = check(text)
    assert isinstance(call, CallFile), [str(fault) for fault in call]
    return call


def test_the_small_call_reads_clean() -> None:
    call = read(SMALL)
    assert call.id == "small-call"
    assert call.stages[0].closes_at == datetime(2027, 2, 28, 16, 0, tzinfo=UTC)
    assert call.awards.per_award_max == Decimal(50000)
    assert list(call.rubrics["rubric"].criteria[0].anchors) == [level_key(Decimal(0))]


def test_a_budget_question_takes_rules_and_currency_of_the_call() -> None:
    money = form_in_use(read(SMALL), "form").question("money")
    assert money.currency == "USD"
    assert [option.code for option in money.budget_categories] == ["travel"]
    assert [rule.percent for rule in money.budget_rules] == [Decimal(15)]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "sentence"),
    [
        ("id: small-call", "id: [small-call", 2, 7, "A comma or a closing ] is missing before this."),
        (
            "zone: Europe/Zurich",
            "zone: Europe/Zurich: x",
            9,
            20,
            "A colon stands where none may. Put the text in quotes, or begin a new line.",
        ),
        (
            '  name: {en: "Somebody"',
            '\tname: {en: "Somebody"',
            6,
            1,
            "A tab stands at the beginning of the line. Indent with spaces.",
        ),
        (
            'summary: {en: "What',
            'summary: {en: "Wh\\qat',
            10,
            19,
            "After a backslash, this character means nothing. Write the backslash twice.",
        ),
        (
            "themes: [institutions-of-social-dialogue]",
            "themes: @x",
            11,
            9,
            "A text that begins with this character needs quotes.",
        ),
        (
            "themes: [institutions-of-social-dialogue]",
            "themes: &t [institutions-of-social-dialogue]\nsdgs: *t",
            12,
            7,
            "A call file repeats nothing by reference. Write the part out in place of *t.",
        ),
        (
            "prefix: SML",
            "prefix: !!python/name:os.system SML",
            2,
            9,
            "A call file needs no tags. Remove !!python/name:os.system.",
        ),
        ("prefix: SML", "prefix: \x07SML", 2, 9, "A control character stands here (U+0007). Delete it."),
        (
            "prefix: SML",
            "prefix: SML\n---\na: b",
            3,
            1,
            "A call file holds one document; a second one begins here.",
        ),
        ("prefix: SML", "? [a]\n: b\nprefix: SML", 2, 3, "A key is one word or text, not a list."),
        (
            "    - code: effect",
            "   - code: effect",
            59,
            4,
            "The indentation does not fit the lines above.",
        ),
    ],
)
def test_what_is_no_yaml_is_told_at_its_place(
    old: str, new: str, line: int, column: int, sentence: str
) -> None:
    assert faults(broken(old, new)) == [(line, column, "", sentence)]


TABLE = [
    # keys
    (
        "zone: Europe/Zurich",
        "zonne: Europe/Zurich",
        (9, 1, "zonne", "The key “zonne” is not known here. Did you mean “zone”?"),
    ),
    ("prefix: SML\n", "", (1, 1, "prefix", "The key “prefix” is missing here.")),
    (
        "zone: Europe/Zurich",
        "zone: Europe/Zurich\nprefix: XX",
        (10, 1, "prefix", "The key “prefix” already stands in line 2."),
    ),
    (
        "      weight: 40",
        "      weigth: 40",
        (
            61,
            7,
            "rubrics.rubric.criteria[1].weigth",
            "The key “weigth” is not known here. Did you mean “weight”?",
        ),
    ),
    # types
    (
        "languages: [en, fr]",
        "languages: en",
        (8, 12, "languages", "A list belongs here, each item after a dash or between [ and ]."),
    ),
    (
        "languages: [en, fr]",
        "languages: [en, no]",
        (8, 17, "languages[1]", "Put “no” in quotes: without them YAML reads true or false."),
    ),
    (
        "  number: 3",
        "  number: three",
        (23, 11, "awards.number", "A whole number belongs here. You wrote “three”."),
    ),
    (
        "  number: 3",
        "  number: 3.5",
        (23, 11, "awards.number", "A whole number belongs here. You wrote “3.5”."),
    ),
    ("  number: 3", "  number: [3]", (23, 11, "awards.number", "One value belongs here, not a list.")),
    (
        "per_award_max: 50000",
        "per_award_max: 50.000,00",
        (25, 18, "awards.per_award_max", "A number belongs here, as 0.5 or 50000. You wrote “50.000,00”."),
    ),
    (
        'label: {en: "Title", fr: "Titre"}',
        "label: Title",
        (43, 14, "forms.form.questions[0].label", "A text per language belongs here, as in “en: …”."),
    ),
    (
        "  organization_type: academia",
        "  organization_type: academia\n  filled_in: maybe",
        (8, 14, "organizer.filled_in", "Write true or false. You wrote “maybe”."),
    ),
    # dates, moments, zone
    (
        "date: 2027-02-28",
        "date: 28.02.2027",
        (34, 25, "timetable[1].date", "Write a day as 2027-02-28. You wrote “28.02.2027”."),
    ),
    (
        "date: 2027-02-28",
        "date: 2027-02-30",
        (34, 25, "timetable[1].date", "Write a day as 2027-02-28. You wrote “2027-02-30”."),
    ),
    (
        "date: 2027-02-28",
        "date: 2027-01-10",
        (
            34,
            25,
            "timetable[1].date",
            "This day, 10 January 2027, is before the one listed above it, 11 January 2027.",
        ),
    ),
    (
        "closes_at: 2027-02-28T17:00",
        "closes_at: 2027-02-28",
        (
            30,
            14,
            "stages[0].closes_at",
            "Write a moment as 2027-02-28T17:00, in the zone of the call. You wrote “2027-02-28”.",
        ),
    ),
    (
        "closes_at: 2027-02-28T17:00",
        "closes_at: 2027-02-28T17:00+02:00",
        (30, 14, "stages[0].closes_at", "At that moment the offset of Europe/Zurich is +01:00, not +02:00."),
    ),
    (
        "closes_at: 2027-02-28T17:00",
        "closes_at: 2027-03-28T02:30",
        (30, 14, "stages[0].closes_at", "The clocks of Europe/Zurich leave this hour out. Choose another."),
    ),
    (
        "closes_at: 2027-02-28T17:00",
        "closes_at: 2027-10-31T02:30",
        (
            30,
            14,
            "stages[0].closes_at",
            "The clocks of Europe/Zurich show this hour twice. Write the offset behind it.",
        ),
    ),
    (
        "closes_at: 2027-02-28T17:00",
        "closes_at: 2027-01-10T17:00",
        (30, 14, "stages[0].closes_at", "The stage closes before it opens."),
    ),
    (
        "zone: Europe/Zurich",
        "zone: Europe/Zürich",
        (9, 7, "zone", "There is no zone “Europe/Zürich”. Did you mean Europe/Zurich?"),
    ),
    (
        "zone: Europe/Zurich",
        "zone: Geneva time",
        (9, 7, "zone", "There is no zone “Geneva time”. Write one as Europe/Zurich or UTC."),
    ),
    # vocabularies and other closed lists
    (
        "types: [money]",
        "types: [mony]",
        (22, 11, "awards.types[0]", "The vocabulary award-types has no “mony”. Did you mean “money”?"),
    ),
    (
        "organization_type: academia",
        "organization_type: circus",
        (7, 22, "organizer.organization_type", "The vocabulary organization-types has no “circus”."),
    ),
    (
        "kind: organization-age",
        "kind: organisation-age",
        (
            14,
            9,
            "eligibility[0].kind",
            "“organisation-age” is not known here. Did you mean “organization-age”?",
        ),
    ),
    (
        "  reviews_per_proposal: 3",
        "  reviews_per_proposal: 3\n  blind: triple",
        (32, 10, "stages[0].blind", "“triple” is not known here. Known are: open, single, double."),
    ),
    (
        "  currency: USD",
        "  currency: DOLLAR",
        (
            24,
            13,
            "awards.currency",
            "Write the currency as three letters of ISO 4217, as in USD. You wrote “DOLLAR”.",
        ),
    ),
    # codes
    ("- {code: closing", "- {code: opening", (34, 10, "timetable[1].code", "“opening” stands twice.")),
    (
        "id: small-call",
        "id: Small_Call",
        (1, 5, "id", "Use small letters, digits and single hyphens, at most 80. You wrote “Small_Call”."),
    ),
    (
        "prefix: SML",
        "prefix: sml",
        (2, 9, "prefix", "Use 2 to 12 capital letters and digits, as in JET. You wrote “sml”."),
    ),
    # languages
    (
        "languages: [en, fr]",
        "languages: [en, fr, de]",
        (8, 21, "languages[2]", "“de” is not known here. Known are: en, fr, es, ar."),
    ),
    (
        'label: {en: "Title", fr: "Titre"}',
        'label: {en: "Title"}',
        (43, 14, "forms.form.questions[0].label", "The text is missing in French."),
    ),
    (
        'label: {en: "Title", fr: "Titre"}',
        'label: {en: "Title", fr: ""}',
        (43, 32, "forms.form.questions[0].label.fr", "A text belongs here."),
    ),
    (
        'label: {en: "Title", fr: "Titre"}',
        'label: {en: "Title", fr: "Titre", pt: "Título"}',
        (43, 41, "forms.form.questions[0].label.pt", "“pt” is not known here. Known are: en, fr, es, ar."),
    ),
    # what belongs together
    (
        "  minimum_months: 24\n",
        "",
        (13, 3, "eligibility[0]", "A condition of the kind organization-age needs “minimum_months”."),
    ),
    (
        "  reviews_per_proposal: 3",
        "  reviews_per_proposal: 3\n  rubric: grid",
        (32, 11, "stages[0].rubric", "“grid” is not known here. Known are: rubric."),
    ),
    (
        "criteria: [quality]",
        "criteria: [qualty]",
        (
            44,
            18,
            "forms.form.questions[0].criteria[0]",
            "“qualty” is not known here. Did you mean “quality”?",
        ),
    ),
    (
        "category: travel",
        "category: travels",
        (20, 64, "budget_rules[0].category", "“travels” is not known here. Did you mean “travel”?"),
    ),
    (
        "  number: 3",
        "  number: 0",
        (23, 11, "awards.number", "Use a number above zero. You wrote 0."),
    ),
    (
        "  organization_type: academia",
        "  organization_type: academia\n  filled_in: [organisation]",
        (
            8,
            15,
            "organizer.filled_in[0]",
            "“organisation” is not known here. Did you mean “organization_type”?",
        ),
    ),
    # forms and rubrics
    (
        "kind: short-text",
        "kind: shrt-text",
        (42, 13, "forms.form.questions[0].kind", "There is no kind of question “shrt-text”."),
    ),
    (
        "      section: idea\n      kind: budget",
        "      section: ideas\n      kind: budget",
        (46, 16, "forms.form.questions[1].section", "There is no section “ideas”."),
    ),
    (
        "weight: 40",
        "weight: 0",
        (61, 15, "rubrics.rubric.criteria[1].weight", "Use a number above zero. You wrote 0."),
    ),
    (
        "threshold: 2.5",
        "threshold: 7",
        (56, 18, "rubrics.rubric.criteria[0].threshold", "A threshold lies on the scale, from 0 to 5."),
    ),
    (
        "        0: {en",
        "        0.25: {en",
        (58, 9, "rubrics.rubric.criteria[0].anchors.0.25", "0.25 is not a level of the scale."),
    ),
    (
        "step: 0.5",
        "step: 0.3",
        (51, 35, "rubrics.rubric.scale.step", "Steps of 0.3 do not lead from 0 to 5."),
    ),
    (
        "tie_break: [effect]",
        "tie_break: [efect]",
        (63, 17, "rubrics.rubric.tie_break[0]", "No criterion has the code efect."),
    ),
    (
        "overall_threshold: 60",
        "overall_threshold: 160",
        (
            62,
            38,
            "rubrics.rubric.aggregation.overall_threshold",
            "The overall threshold lies between 0 and 100.",
        ),
    ),
    # notices
    (
        'subject: {en: "You won, {recipient}"',
        'subject: {en: "You won, {reciever}"',
        (66, 17, "notices[0].subject.en", "“{reciever}” is not known here. Did you mean “{recipient}”?"),
    ),
]


@pytest.mark.parametrize(("old", "new", "fault"), TABLE)
def test_a_fault_has_its_line_column_and_sentence(
    old: str, new: str, fault: tuple[int, int, str, str]
) -> None:
    assert faults(broken(old, new)) == [fault]


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        broken("  number: 3", "  number: three")
        .replace("prefix: SML", "prefix: {}")
        .replace("scale: {", "scala: {")
    )
    assert [(line, column) for line, column, _path, _sentence in faults(text)] == [(2, 9), (23, 11), (51, 5)]


def test_a_code_used_twice_and_its_reference_are_both_told() -> None:
    assert faults(broken("code: effect", "code: quality")) == [
        (59, 13, "rubrics.rubric.criteria[1].code", "The code quality is used twice."),
        (63, 17, "rubrics.rubric.tie_break[0]", "No criterion has the code effect."),
    ]


def test_a_missing_language_is_told_at_every_text() -> None:
    found = faults(broken("languages: [en, fr]", "languages: [en, fr, es]"))
    assert {sentence for _line, _column, _path, sentence in found} == {"The text is missing in Spanish."}
    assert len(found) == 15


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ("", 1, 1, "The file is empty."),
        ("# only a comment\n", 1, 1, "The file is empty."),
        ("just words", 1, 1, "Keys with values belong here, as in “key: value”."),
        ("- a\n", 1, 1, "Keys with values belong here, as in “key: value”."),
        ("a: " + "[" * 50, 1, 43, "Here the file is nested more than 40 levels deep."),
        ("x: " + "y" * (1 << 20), 1, 1, "The file has 1,048,579 bytes; a call file has at most 1,048,576."),
        ("id: x\nb: \ud800", 2, 4, "This character cannot be kept."),
        ("- a\n" * 60000, 50000, 3, "A call file has at most 50,000 pieces; here they end."),
        (
            "a: &b {c: *b}",
            1,
            11,
            "A call file repeats nothing by reference. Write the part out in place of *b.",
        ),
    ],
)
def test_what_is_no_call_at_all_is_one_sentence(text: str, line: int, column: int, sentence: str) -> None:
    assert faults(text) == [(line, column, "", sentence)]


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert faults(bomb)[0][:2] == (2, 10)


def test_no_more_than_a_hundred_faults_are_told() -> None:
    assert len(faults("stages:\n" + "- {x: 1}\n" * 500)) == 100


@pytest.mark.parametrize("text", ["\ufeff" + SMALL, SMALL.replace("\n", "\r\n"), SMALL + "\n\n# the end\n"])
def test_marks_and_line_ends_of_other_systems_are_read(text: str) -> None:
    assert read(text) == read(SMALL)


@pytest.mark.parametrize(
    "written",
    [
        "2027-02-28T17:00",
        '"2027-02-28T17:00:00"',
        "2027-02-28T17:00+01:00",
        "2027-02-28T16:00Z",
        "2027-02-28 17:00",
    ],
)
def test_one_moment_may_be_written_in_several_ways(written: str) -> None:
    assert read(broken("2027-02-28T17:00", written)) == read(SMALL)


def test_a_condition_keeps_the_type_of_what_it_waits_for() -> None:
    for written, value in (("yes", True), ('"yes"', "yes"), ("3", 3), ('"3"', "3"), ("maybe", "maybe")):
        text = broken(
            "      kind: budget", f"      kind: budget\n      show_if: {{question: title, equals: {written}}}"
        )
        condition = read(text).forms["form"].questions[1].show_if
        assert condition is not None
        assert condition.equals == value
        assert type(condition.equals) is type(value)


def test_characters_that_turn_text_around_are_taken_out() -> None:
    assert read(broken("What it is about.", "What \u202eit is about.")).summary["en"] == "What it is about."


def test_a_fault_is_said_in_the_language_of_the_reader_and_printed_with_its_place() -> None:
    found = check(broken("  number: 3", "  number: three"), "small.yaml")
    assert isinstance(found, list)
    assert str(found[0]) == "small.yaml:23:11: A whole number belongs here. You wrote “three”."
    with speaking("ar"):
        assert "three" in str(found[0])


@settings(max_examples=120, deadline=None)
@given(st.text())
def test_check_never_raises_for_any_text(text: str) -> None:
    assert isinstance(check(text), list)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.integers(0, 12), st.text(max_size=6))
def test_check_never_raises_for_a_call_damaged_anywhere(start: int, length: int, put: str) -> None:
    found = check(SMALL[:start] + put + SMALL[start + length :])
    assert isinstance(found, CallFile) or (found and all(isinstance(fault, Fault) for fault in found))


pieces = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([line.split(":")[0] for line in SMALL.splitlines() if line[0].isalpha()]), pieces)
def test_check_never_raises_whatever_stands_under_a_key(key: str, piece: object) -> None:
    lines, kept, skipping = SMALL.splitlines(keepends=True), [], False
    for line in lines:
        skipping = line.startswith(f"{key}:") or (skipping and (line[0] in " -"))
        kept += [] if skipping else [line]
    found = check("".join(kept) + yaml.safe_dump({key: piece}, allow_unicode=True))
    assert isinstance(found, CallFile | list)
    for fault in found if isinstance(found, list) else []:
        assert fault.line >= 1
        assert fault.column >= 1
        assert str(fault.message)
