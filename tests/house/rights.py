"""Who may meet which mark of the world, written anew from what the wall promises and not from the code that keeps it."""

from tests.builders.world import (
    CONFLICTS,
    PEOPLE,
    PLAN,
    REVIEWERS,
    SEATS,
    STAFF,
    Mark,
    ProposalPlan,
)
from tests.house.walking import NOBODY

VIEWERS = (*PEOPLE, NOBODY)
EVERYBODY = frozenset(VIEWERS)
MANAGING = {
    "open": {"manager", "administrator"},
    "single": {"manager", "signer", "administrator"},
    "double": {"signer", "other_manager", "administrator"},
}
AUDITING = {"open": {"auditor"}, "single": {"auditor"}, "double": set[str]()}
WATCHING = {"open": set[str](), "single": {"observer"}, "double": set[str]()}
RELEASED = "single"  # the double-blind call is decided, but its release lies in the future
PUBLIC = "S1"  # the award that is out: title, organization, number and amount are published


def _but_conflicted(people: set[str], key: str) -> set[str]:
    return people - {name for name, conflicted in CONFLICTS.items() if conflicted == key}


def _plan(key: str) -> ProposalPlan:
    return PLAN[key]


def team(key: str) -> set[str]:
    return {_plan(key).lead, *_plan(key).members}


def staff(key: str) -> set[str]:
    """Managers, auditors and administrators, once it is submitted and unless they stand aside."""
    call = _plan(key).call
    return set() if key == "O1" else _but_conflicted(MANAGING[call] | AUDITING[call], key)


def watchers(key: str) -> set[str]:
    return staff(key) | (set() if key == "O1" else WATCHING[_plan(key).call])


def readers(key: str) -> set[str]:
    return {*_plan(key).reviewers, *_plan(key).writing}


def chairs(key: str) -> set[str]:
    seated = "chair" in SEATS[_plan(key).call] and bool(readers(key))
    return _but_conflicted({"chair"} if seated else set(), key)


def existence(key: str) -> set[str]:
    """Who knows that the proposal is there, with number and what is asked of everybody who reads it."""
    return team(key) | watchers(key) | readers(key) | chairs(key)


def identity(key: str) -> set[str]:
    """Who knows whose it is: in a double-blind stage nobody who judges."""
    judging = set() if _plan(key).call == "double" else readers(key)
    return team(key) | watchers(key) | judging | chairs(key)


def released(key: str) -> set[str]:
    return team(key) if _plan(key).call == RELEASED else set()


def co_readers(pair: str) -> set[str]:
    """Who wrote that review, and the others whose own review of the same proposal is in."""
    key, name = pair.split(":")
    own = set(_plan(key).reviewers)
    return own | {name} if name in own else {name}


def with_person(name: str) -> set[str]:
    """Who may read a person's name."""
    if name in STAFF:
        return set(EVERYBODY)
    met = {name} | MANAGING["single"] if name == "declined" else {name, "administrator"}
    for key in PLAN:
        if name in team(key):
            met |= identity(key)
    if name in REVIEWERS or name == "declined":
        for call, seated in SEATS.items():
            if name in seated or (name == "declined" and call == "single"):
                met |= MANAGING[call] | AUDITING[call] | ({"chair"} & set(seated))
    return met


def with_address(name: str) -> set[str]:
    """Who may read a person's mail address: not those who only judge."""
    if name in STAFF:
        return set(STAFF)
    judging = set(REVIEWERS) - {"chair"}
    mates = {mate for key in PLAN if name in team(key) for mate in team(key)}
    return (with_person(name) - judging) | mates | {name}


def entitled(mark: Mark) -> frozenset[str]:
    """The names of everybody who may meet the mark."""
    kind, of = mark.kind, mark.of
    key = of.split(":")[0]
    is_public = key == PUBLIC
    match kind:
        case "person" | "person_id":
            found = with_person(of)
        case "address":
            found = with_address(of)
        case "number" | "title":
            found = set(EVERYBODY) if is_public else existence(key)
        case "organization":
            found = set(EVERYBODY) if is_public else identity(key)
        case "problem" | "file_text" | "proposal_id":
            found = existence(key)
        case "contact" | "file_name" | "file_author":
            found = identity(key)
        case "account":
            found = team(key) | watchers(key)
        case "notes":
            found = team(key)
        case "score" | "overall":
            found = staff(key) | watchers(key) | chairs(key) | co_readers(":".join(of.split(":")[:2]))
        case "panel_remark":
            found = staff(key) | chairs(key) | co_readers(of)
        case "remark":
            found = staff(key) | chairs(key) | co_readers(of) | released(key)
        case "draft_score" | "draft_remark" | "draft_panel_remark":
            found = {of.split(":")[1]}
        case "assignment_id":
            found = staff(key) | chairs(key) | {of.split(":")[1]}
        case "ruling" | "reason":
            found = watchers(key)
        case "feedback" | "notice" | "code":
            found = watchers(key) | released(key)
        case "amount":
            found = set(EVERYBODY) if is_public else watchers(key) | released(key)
        case "conflict_reason":
            found = staff(key) | {of.split(":")[1]}
        case "seat_reason":
            found = MANAGING["single"] | AUDITING["single"] | {of}
        case "story":
            found = MANAGING["single"] | AUDITING["single"] | WATCHING["single"]
        case _:
            raise LookupError(kind)
    return frozenset(found)


def may_meet_at(mark: Mark, who: str, path: str) -> bool:
    """What a page shows beyond the table, each for a reason."""
    key = mark.of.split(":")[0]
    if path in ("/reviews", "/reviews/conflicts", "/api/v1/conflicts") and mark.kind == "number":
        return CONFLICTS.get(who) == key  # whoever stands aside reads from what
    if path == "/reviews/conflicts" and mark.kind == "organization":
        # before anything is assigned, a panel reads whose proposals there are, so that its people can stand aside
        return key in PLAN and _plan(key).call != "double" and who in SEATS[_plan(key).call]
    return False


def hidden_from(viewer: str) -> list[str]:
    """The proposals of which this viewer knows nothing."""
    return [key for key in PLAN if viewer not in existence(key)]
