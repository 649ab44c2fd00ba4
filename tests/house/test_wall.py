"""Nobody reads what is not theirs: every door, as everybody, with every id, in every form an answer can take."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, delete, select, update

from challenge.accounts.models import Organization
from challenge.assignments.models import Assignment
from challenge.decisions.models import Decision, Outcome
from challenge.forms.models import Answer as StoredAnswer
from challenge.foundation.db import Database, Db
from challenge.mail.models import Message
from challenge.panels.models import Conflict
from challenge.proposals.models import Proposal, ProposalState, Sight
from challenge.reviews.models import Remark, RemarkReader, Review, Score
from tests.builders.world import CONFLICTS, MADE_UP, NOW, PLAN, SEATS, Mark, World
from tests.house import rights
from tests.house.conftest import Copying
from tests.house.rights import VIEWERS, entitled, existence, hidden_from
from tests.house.walking import (
    NOBODY,
    Answer,
    Door,
    Example,
    Looker,
    NoExample,
    Plain,
    Statements,
    Walker,
    asked_in_query,
    doors_of,
    examples_of,
    filled,
    first_difference,
    gate_turns_back,
    plain,
    reads_query,
)

# Doors whose answer is the same for whoever asks and whatever is stored: files of the site itself.
FIXED = ("/openapi", "/api/v1/openapi.json", "/static")
# Kinds of marks that no page shows in letters: (kind, why)
NEVER_SHOWN: dict[str, str] = {
    "overall": "pages round it; that it cannot be noticed is shown by changing it",
    "story": "a story that is not out is shown by a command alone",
    "code": "the code of a notice stands in its PDF alone, and whoever holds it may ask for the notice",
}


# ---------------------------------------------------------------- the walk


# An answer made without these tables cannot change with what stands in them.
SECRET_TABLES = re.compile(
    r"\b(proposal|sight|answer|organization|assignment|review|score|remark|decision|award|conflict|ranking|notice)\b"
)


@dataclass
class Walk:
    """Everything that came out of the doors of one world."""

    answers: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    met: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    asks_for_secrets: set[tuple[str, str, str]] = field(default_factory=set)


def looked_over(
    walk: Walk, looker: Looker, world: World, who: str, what: str, answer: Answer, path: str = ""
) -> None:
    asked = what.upper()
    for mark in looker.found_in(answer):
        if mark.upper() in asked:
            continue
        walk.met[mark].add(who)
        if who not in entitled(world.marks[mark]) and not rights.may_meet_at(world.marks[mark], who, path):
            kind = world.marks[mark]
            walk.leaks.append(f"{who} reads {kind.kind} of {kind.of} ({mark}) at {what} [{answer.status}]")
    if answer.status >= 500:
        walk.failures.append(f"{who} gets {answer.status} at {what}")


def asked_doors(walker: Walker) -> list[Door]:
    return [door for door in doors_of(walker.app, "GET") if not door.path.startswith(FIXED)]


# Whether a page looks at anything that could leak is found out with these three.
FIRST = (NOBODY, "administrator", "ana")


async def walk_through(
    walker: Walker, doors: Iterable[Door], viewers: Iterable[str] = VIEWERS, *, briefly: bool = False
) -> Walk:
    world, walk = walker.world, Walk()
    looker = Looker(world.marks)
    known = known_things(world)
    viewers = sorted(viewers, key=lambda who: who not in FIRST)
    for door in doors:
        examples = examples_of(door, world, briefly=briefly)
        for who in viewers:
            if (
                who not in FIRST
                and door.needs is None
                and not any(door.path == a[1] for a in walk.asks_for_secrets)
            ):
                continue  # a page of the site itself: whoever asks, it looks at nothing that could leak
            wanted = chosen(examples, known, who, aside_first(world, who))
            for example in wanted[:1] if gate_turns_back(world.roles, who, door) else wanted:
                what = filled(door.path, example)
                with Statements(walker.own) as statements:
                    answer = await walker.ask(who, door, example)
                walk.answers[who, door.path, what] = answer
                if statements.touch(SECRET_TABLES):
                    walk.asks_for_secrets.add((who, door.path, what))
                looked_over(walk, looker, world, who, what, answer, door.path)
    return walk


def chosen(
    examples: list[Example],
    known: Mapping[str, frozenset[str]],
    who: str,
    order: Callable[[Example], bool],
) -> list[Example]:
    """All that this viewer knows of, the one from which the viewer stands aside, and two others that are hidden."""
    shown: list[Example] = []
    hidden: list[Example] = []
    for example in examples:
        ids = [value for value in example.values() if value in known]
        (hidden if any(who not in known[one] for one in ids) else shown).append(example)
    return [*shown, *sorted(hidden, key=order)[:2]]


def by_lines(found: Iterable[str], most: int = 60) -> str:
    lines = sorted(set(found))
    return "\n".join(["", *lines[:most], f"… {len(lines)} in all"])


@pytest.fixture
def doors(walker: Walker) -> list[Door]:
    return asked_doors(walker)


# ---------------------------------------------------------------- 1. every door has examples


async def test_every_door_has_an_example_of_each_parameter_of_its_path(walker: Walker) -> None:
    missing = []
    for door in doors_of(walker.app, "GET", "POST", "PUT", "PATCH", "DELETE"):
        try:
            examples_of(door, walker.world)
        except NoExample as name:
            missing.append(f"{door}: {name}")
    assert not missing, by_lines(missing)


# ---------------------------------------------------------------- 2. marks, pairs, what follows a changed secret


@pytest.mark.timeout(600)
async def test_nobody_meets_a_mark_that_is_not_theirs_at_any_page_or_api_door(
    walker: Walker, doors: list[Door], copied: Copying
) -> None:
    """One walk, looked at in four ways: marks, marks met, hidden against made up, and a changed secret."""
    walk = await walk_through(walker, doors)
    assert not walk.leaks, by_lines(walk.leaks)
    assert not walk.failures, by_lines(walk.failures)
    unequal = await hidden_unlike_made_up(walker, walk, doors)
    assert not unequal, by_lines(unequal)
    changed = [line async for line in differing_after_secrets_changed(walker, doors, walk, copied)]
    assert not changed, by_lines(changed)
    unmet = marks_that_proved_nothing(walk, walker.world)
    assert not unmet, by_lines(unmet)


def marks_that_proved_nothing(walk: Walk, world: World) -> list[str]:
    """Marks that nobody entitled met: of them the walk proves nothing."""
    return [
        f"{mark.kind} of {mark.of} ({text}) was met by nobody who may"
        for text, mark in world.marks.items()
        if mark.kind not in NEVER_SHOWN and not walk.met.get(text, set()) & entitled(mark)
    ]


def known_things(world: World) -> dict[str, frozenset[str]]:
    """An id -> who may know that it exists, for the ids that hang on proposals and reviews."""
    return {
        text: entitled(mark) if mark.kind == "assignment_id" else frozenset(existence(mark.of))
        for text, mark in world.marks.items()
        if mark.kind in ("proposal_id", "assignment_id")
    }


def aside_first(world: World, who: str) -> Callable[[Example], bool]:
    """Sorts the thing from which the viewer stands aside before the others."""
    key = CONFLICTS.get(who)
    own = {text for text, mark in world.marks.items() if key and mark.of.split(":")[0] == key}
    return lambda example: not own & set(example.values())


async def hidden_unlike_made_up(walker: Walker, walk: Walk, doors: Iterable[Door]) -> list[str]:
    """Where the address of a hidden thing answers in another way than one that was made up."""
    known, found = known_things(walker.world), []
    asked: dict[tuple[str, str], Answer] = {}
    for door in doors:
        for example in examples_of(door, walker.world):
            ids = [value for value in example.values() if value in known]
            unknown = {n: str(MADE_UP) if n.endswith("_id") else v for n, v in example.items()}
            for who in VIEWERS if ids else ():
                what = filled(door.path, example)
                answer = walk.answers.get((who, door.path, what))
                if answer is None or all(who in known[one] for one in ids):
                    continue
                twin = who, filled(door.path, unknown)
                if twin not in asked:
                    asked[twin] = await walker.ask(who, door, unknown)
                told = [value for name, value in example.items() if name.endswith("_id")]
                one, two = plain(answer, *told), plain(asked[twin], str(MADE_UP))
                if one != two:
                    found.append(
                        f"{who} at {what}: {answer.status} against {two[0]} for a made-up id "
                        f"{first_difference(one[2], two[2])}"
                    )
    return found


# ---------------------------------------------------------------- 3. secrets changed


@dataclass(frozen=True, slots=True)
class Secret:
    """One hidden thing to change, and who may notice that it changed."""

    name: str
    may_notice: frozenset[str]
    change: Callable[[World, Db], Awaitable[None]]


async def another_score(world: World, db: Db) -> None:
    review = world.assignments["S2:rev3"]
    await db.exec(update(Score).where(col(Score.review_id) == review).values(value=3.07))
    await db.exec(update(Review).where(col(Review.id) == review).values(overall=3.07))


async def another_title(world: World, db: Db) -> None:
    proposal = await world.proposal(db, "D1")
    proposal.title = "Another title of another length"
    db.add(proposal)
    await db.exec(
        update(StoredAnswer)
        .where(col(StoredAnswer.sheet_id) == proposal.sheet_id, col(StoredAnswer.question) == "problem")
        .values(value="Another problem of another length altogether")
    )
    await db.exec(
        update(Organization)
        .where(col(Organization.id) == proposal.organization_id)
        .values(name="Another house of another length")
    )


async def another_reviewer(world: World, db: Db) -> None:
    """rev2 in the place of rev3 at S2, with everything that hangs on it."""
    assignment, proposal = world.assignments["S2:rev3"], world.proposals["S2"]
    person = world.people["rev2"]
    await db.exec(update(Assignment).where(col(Assignment.id) == assignment).values(person_id=person))
    await db.exec(update(Review).where(col(Review.id) == assignment).values(person_id=person))
    await db.exec(
        update(Sight)
        .where(
            col(Sight.proposal_id) == proposal,
            col(Sight.person_id) == world.people["rev3"],
            col(Sight.is_denied).is_(False),
        )
        .values(person_id=person)
    )


async def one_proposal_less(world: World, db: Db) -> None:
    await db.exec(
        update(Proposal)
        .where(col(Proposal.id) == world.proposals["S2"])
        .values(state=ProposalState.WITHDRAWN, withdrawn_at=NOW)
    )


async def another_decision(world: World, db: Db) -> None:
    await db.exec(
        update(Decision)
        .where(col(Decision.proposal_id) == world.proposals["D1"])
        .values(outcome=Outcome.DECLINE, place=None, reason="Another reason", feedback="Other words")
    )


async def a_draft_review_written_on(world: World, db: Db) -> None:
    review = world.assignments["O2:rev4"]
    await db.exec(update(Score).where(col(Score.review_id) == review).values(value=4.09))
    await db.exec(
        update(Remark)
        .where(col(Remark.review_id) == review, col(Remark.reader) == RemarkReader.PANEL)
        .values(text="Another remark of another length")
    )


async def a_draft_proposal_gone(world: World, db: Db) -> None:
    """O1 was never sent: its team apart nobody notices when it was never begun."""
    proposal = world.proposals["O1"]
    await db.exec(update(Proposal).where(col(Proposal.id) == proposal).values(title="", number="OP-AAAAA"))
    await db.exec(
        delete(Sight).where(col(Sight.proposal_id) == proposal, col(Sight.person_id) != world.people["ana"])
    )


async def another_reason_to_stand_aside(world: World, db: Db) -> None:
    await db.exec(
        update(Conflict)
        .where(col(Conflict.person_id) == world.people["chair"])
        .values(kind="family", reason="Another reason")
    )


SECRETS = (
    Secret("a score", rights.entitled(Mark("score", "S2:rev3:relevance")), another_score),
    Secret("title, text and organization", frozenset(existence("D1")), another_title),
    Secret(
        "who reviews",
        frozenset(rights.staff("S2") | rights.chairs("S2") | {"rev2", "rev3", "rev1", "observer"}),
        another_reviewer,
    ),
    # whoever stands aside is told so while it is in the running, and its call's panel reads whose proposals those are
    Secret(
        "that it was withdrawn",
        frozenset(existence("S2") | {"manager"} | set(SEATS["single"])),
        one_proposal_less,
    ),
    Secret("a decision under embargo", frozenset(rights.watchers("D1")), another_decision),
    Secret("a draft review", frozenset({"rev4"}), a_draft_review_written_on),
    Secret("a draft proposal", frozenset({"ana"}), a_draft_proposal_gone),
    Secret(
        "why the chair stands aside",
        rights.entitled(Mark("conflict_reason", "S3:chair")),
        another_reason_to_stand_aside,
    ),
)


async def differing_after_secrets_changed(
    walker: Walker, doors: list[Door], walk: Walk, copied: Copying, viewers: Iterable[str] = VIEWERS
) -> AsyncIterator[str]:
    """For each viewer, change everything that this viewer may not notice, and ask everything again."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for who in viewers:
        groups[tuple(s.name for s in SECRETS if who not in s.may_notice)].append(who)
    for names, members in groups.items():
        secrets = [secret for secret in SECRETS if secret.name in names]
        async with copied() as database:
            await changed(walker.world, database, secrets)
            walker.use(database)
            for (who, path, what), answer in walk.answers.items():
                if who not in members or (who, path, what) not in walk.asks_for_secrets:
                    continue
                again = await walker.request(who, "GET", what)
                if plain(answer) != plain(again):
                    one, two = await before_and_after(walker, who, what, secrets, copied)
                    if one == two:  # it was another reader's trace in the record
                        walker.use(database)
                        continue
                    culprit = await culprits(walker, who, what, one, secrets, copied)
                    walker.use(database)
                    yield (
                        f"{who} notices {culprit} at {what} ({path}): {one[0]}/{two[0]} "
                        f"{first_difference(one[2], two[2])}"
                    )
            walker.use(None)


async def changed(world: World, database: Database, secrets: Iterable[Secret]) -> None:
    async with database.writing() as db:
        for secret in secrets:
            await secret.change(world, db)
        await db.commit()


async def before_and_after(
    walker: Walker, who: str, what: str, secrets: list[Secret], copied: Copying
) -> list[Plain]:
    """One answer of the world as it was built and one of the changed world, each from a fresh copy."""
    found = []
    for chosen_secrets in ([], secrets):
        async with copied() as database:
            await changed(walker.world, database, chosen_secrets)
            walker.use(database)
            found.append(plain(await walker.request(who, "GET", what)))
    return found


async def culprits(
    walker: Walker, who: str, what: str, before: Plain, secrets: list[Secret], copied: Copying
) -> str:
    """Which of the secrets made the difference, for the message."""
    found = []
    for secret in secrets:
        async with copied() as database:
            await changed(walker.world, database, [secret])
            walker.use(database)
            if plain(await walker.request(who, "GET", what)) != before:
                found.append(secret.name)
    return " and ".join(found) or "all of them together"


# ---------------------------------------------------------------- 4. words in the query


def hidden_words(world: World, who: str) -> list[str]:
    """Words that this viewer must find nothing with: a title, a house, a number of what is hidden from them."""
    words = []
    for key in hidden_from(who):
        for kind in ("title", "organization", "number", "person"):
            wanted = PLAN[key].lead if kind == "person" else key
            mark = next(t for t, m in world.marks.items() if (m.kind, m.of) == (kind, wanted))
            if who not in entitled(world.marks[mark]):
                words.append((kind, mark))
    kinds = dict(words)  # one of each kind is enough
    return list(kinds.values())


def nonsense_like(word: str) -> str:
    """A word of the same shape that means nothing here."""
    return f"{word[:-2]}XX"  # the beginning stays, as a page may give back only that


# One of each kind; what a word finds depends on the same rights as what a page shows.
SEARCHING = ("manager", "other_manager", "observer", "carl", "rev1", "chair", NOBODY)


@pytest.mark.timeout(300)
async def test_a_hidden_word_in_the_query_is_as_good_as_nonsense(walker: Walker, doors: list[Door]) -> None:
    world, looker, walk = walker.world, Looker(walker.world.marks), Walk()
    unequal, asked_for = [], 0
    for door in doors:
        if not reads_query(door):
            continue
        names = asked_in_query(door)
        examples = [e for e in examples_of(door, world, briefly=True) if e.get("slug") != "no-such-call"][-3:]
        for who in SEARCHING:
            if gate_turns_back(world.roles, who, door):
                continue
            for example in examples:
                for name in names:
                    for word in hidden_words(world, who):
                        what = f"{filled(door.path, example)}?{name}={word}"
                        hit = await walker.ask(who, door, example, {name: word})
                        miss = await walker.ask(who, door, example, {name: nonsense_like(word)})
                        asked_for += 1
                        looked_over(walk, looker, world, who, what, hit, door.path)
                        one, two = plain(hit, word), plain(miss, nonsense_like(word))
                        if one != two:
                            unequal.append(f"{who} at {what}: {first_difference(one[2], two[2])}")
    assert asked_for, "no door takes a word"
    assert not walk.leaks, by_lines(walk.leaks)
    assert not walk.failures, by_lines(walk.failures)
    assert not unequal, by_lines(unequal)


ODD = ("", "0", "-1", "99999999999", "zzz", "'\"<>%", "2027-13-45")


@pytest.mark.timeout(300)
async def test_odd_values_in_the_query_never_break_a_page(walker: Walker, doors: list[Door]) -> None:
    failures = []
    for door in doors:
        if not reads_query(door):
            continue
        example = examples_of(door, walker.world, briefly=True)[0]
        who = "administrator"
        for name in (*asked_in_query(door), "page"):
            for odd in ODD:
                answer = await walker.ask(who, door, example, {name: odd})
                if answer.status >= 500:
                    failures.append(f"{answer.status} at {filled(door.path, example)}?{name}={odd}")
    assert not failures, by_lines(failures)


# ---------------------------------------------------------------- 5. forms sent empty and wrong


WRONG = {
    name: "wrong \x01 <b>"
    for name in (
        "name",
        "email",
        "reason",
        "note",
        "title",
        "kind",
        "outcome",
        "closes_at",
        "score",
        "person",
    )
}


@pytest.mark.timeout(400)
async def test_what_a_refused_form_says_tells_nothing_either(walker: Walker, copied: Copying) -> None:
    """Every form, sent empty and with nonsense, by everybody whom the gate lets in, about things of every kind."""
    world, looker, walk = walker.world, Looker(walker.world.marks), Walk()
    known = known_things(world)
    unequal: list[str] = []
    forms = [
        door
        for door in doors_of(walker.app, "POST")
        if not door.is_api and not door.path.startswith(("/sign-", "/language"))
    ]
    for fields in ({}, WRONG):
        for who in VIEWERS:
            copy = copied()
            database = await copy.__aenter__()
            walker.use(database)
            for door in forms:
                examples = examples_of(door, world, briefly=True)
                if gate_turns_back(world.roles, who, door):
                    examples = examples[:1]
                unknown: Answer | None = None
                made_up: Example = {}
                for example in reversed(examples):
                    answer = await walker.ask(who, door, example, form=fields)
                    what = f"POST {filled(door.path, example)}"
                    looked_over(walk, looker, world, who, what, answer, door.path)
                    if str(MADE_UP) in example.values():
                        unknown, made_up = answer, example
                    elif (
                        unknown
                        and all(example[n] == v for n, v in made_up.items() if not n.endswith("_id"))
                        and any(v in known and who not in known[v] for v in example.values())
                    ):
                        one, two = plain(answer, *example.values()), plain(unknown, *made_up.values())
                        if (one[0], one[2]) != (two[0], two[2]):
                            unequal.append(f"{who} at {what}: {first_difference(one[2], two[2])}")
                    if answer.status < 400:  # it did something: the next one finds the world as it was
                        walker.use(None)
                        await copy.__aexit__(None, None, None)
                        copy = copied()
                        database = await copy.__aenter__()
                        walker.use(database)
            walker.use(None)
            await copy.__aexit__(None, None, None)
    assert not walk.leaks, by_lines(walk.leaks)
    assert not walk.failures, by_lines(walk.failures)
    assert not unequal, by_lines(unequal)


# ---------------------------------------------------------------- 6. mail


async def test_every_mail_in_the_outbox_holds_only_what_its_reader_may_read(world: World) -> None:
    looker, leaks = Looker(world.marks), []
    names = {person_id: name for name, person_id in world.people.items()}
    embargoed = {"feedback", "notice", "code", "amount", "reason"}
    async with world.database.reading() as db:
        messages = list((await db.exec(select(Message))).all())
    assert messages
    for message in messages:
        who = names[message.person_id] if message.person_id else NOBODY
        text = "\n".join((message.subject, message.text, message.html))
        is_to_come = message.sent_at is None
        for found in looker.in_text(text):
            mark = world.marks[found]
            if is_to_come and mark.kind in embargoed and who in rights.team(mark.of.split(":")[0]):
                continue  # written for the moment of release, and not sent before it
            if who not in entitled(mark):
                leaks.append(f"{who} is told {mark.kind} of {mark.of} by “{message.subject}”")
        for found in looker.in_text(message.subject):
            if world.marks[found].kind == "title":
                leaks.append(f"a title stands in the subject “{message.subject}”")
    assert not leaks, by_lines(leaks)


async def test_the_letters_of_an_embargoed_call_wait_for_the_moment_of_release(world: World) -> None:
    team = {world.people[name] for key in ("D1", "D2") for name in rights.team(key)}
    async with world.database.reading() as db:
        sent = (await db.exec(select(Message).where(col(Message.template).startswith("notices.")))).all()
    assert sent
    early = [m.subject for m in sent if m.person_id in team and m.sent_at and "DO-" in m.subject]
    assert not early


# ---------------------------------------------------------------- 7. would it be noticed?


@pytest.fixture
def caught(walker: Walker, copied: Copying) -> Callable[[Iterable[str], Iterable[str]], Awaitable[bool]]:
    """Whether a short walk through the doors of some rooms finds anything."""

    async def walk(rooms: Iterable[str], viewers: Iterable[str]) -> bool:
        doors = [door for door in asked_doors(walker) if door.room in rooms]
        assert doors
        found = await walk_through(walker, doors, viewers, briefly=True)
        if found.leaks or found.failures:
            return True
        async for _line in differing_after_secrets_changed(walker, doors, found, copied, viewers):
            return True
        return False

    return walk


def everything_is_seen(*_args: Any, **_more: Any) -> Any:
    return sa.true()


SWITCHES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "the sight of proposals for lists of staff",
        "challenge.desk.queries.sees_from_outside",
        ("desk",),
        ("manager",),
    ),
    ("the sight of reviews", "challenge.reviews.progress.sees", ("reviews",), ("manager", "chair")),
    ("the sight of rankings", "challenge.scoring.queries.sees", ("scoring",), ("manager",)),
    ("the sight of decisions", "challenge.decisions.queries.sees_from_outside", ("decisions",), ("manager",)),
)


@pytest.mark.parametrize(
    ("name", "rooms", "viewers"), [s[1:] for s in SWITCHES], ids=[s[0] for s in SWITCHES]
)
async def test_a_wall_that_is_taken_away_is_noticed(
    name: str,
    rooms: tuple[str, ...],
    viewers: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    caught: Callable[[Iterable[str], Iterable[str]], Awaitable[bool]],
) -> None:
    monkeypatch.setattr(name, everything_is_seen)
    assert await caught(rooms, viewers)


async def test_with_all_walls_in_place_the_same_walk_finds_nothing(
    caught: Callable[[Iterable[str], Iterable[str]], Awaitable[bool]],
) -> None:
    """So that the walks above are not caught by something else."""
    rooms = {room for _what, _name, rooms, _viewers in SWITCHES for room in rooms}
    assert not await caught(sorted(rooms), ("manager", "chair"))
