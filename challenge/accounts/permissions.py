"""Every permission and every role on one screen. `challenge person roles` prints it."""

from enum import StrEnum

from challenge.accounts.models import RoleName as R


class Can(StrEnum):
    OWN_ACCOUNT = "account:own"
    WRITE_PROPOSALS = "proposal:write"
    SCORE = "review:score"
    REOPEN_REVIEWS = "review:reopen"
    OPEN_DESK = "desk:open"
    MANAGE_CALLS = "call:manage"
    READ_PROPOSALS = "proposal:read"
    RULE_ELIGIBILITY = "eligibility:rule"
    MANAGE_REVIEWS = "review:manage"
    READ_REVIEWS = "review:read"
    READ_RANKING = "ranking:read"
    FREEZE_RANKING = "ranking:freeze"
    READ_DECISIONS = "decision:read"
    MAKE_DECISIONS = "decision:make"
    SIGN_DECISIONS = "decision:sign"
    RELEASE = "decision:release"
    ISSUE_NOTICES = "notice:issue"
    PUBLISH_RESULTS = "results:publish"
    READ_AUDIT = "audit:read"
    READ_PEOPLE = "person:read"
    GRANT_ROLES = "role:grant"
    OPERATE = "site:operate"


OWN = frozenset({Can.OWN_ACCOUNT, Can.WRITE_PROPOSALS})
READ_ONLY = frozenset(
    {Can.OPEN_DESK, Can.READ_PROPOSALS, Can.READ_REVIEWS, Can.READ_RANKING, Can.READ_DECISIONS}
)
MANAGING = READ_ONLY | {
    Can.MANAGE_CALLS,
    Can.RULE_ELIGIBILITY,
    Can.MANAGE_REVIEWS,
    Can.FREEZE_RANKING,
    Can.MAKE_DECISIONS,
    Can.SIGN_DECISIONS,
    Can.RELEASE,
    Can.ISSUE_NOTICES,
    Can.PUBLISH_RESULTS,
    Can.READ_PEOPLE,
}

MATRIX: dict[R, frozenset[Can]] = {
    R.APPLICANT: OWN,
    R.TEAM_MEMBER: OWN,
    R.REVIEWER: OWN | {Can.SCORE},
    R.CHAIR: OWN | {Can.SCORE, Can.REOPEN_REVIEWS},
    R.MANAGER: OWN | MANAGING,
    R.OBSERVER: OWN | READ_ONLY,
    R.AUDITOR: OWN | READ_ONLY | {Can.READ_AUDIT},
    R.ADMINISTRATOR: OWN | MANAGING | {Can.GRANT_ROLES, Can.OPERATE, Can.READ_AUDIT},
}

STAFF = frozenset({R.MANAGER, R.OBSERVER, R.AUDITOR, R.ADMINISTRATOR})
REVIEWING = frozenset({R.REVIEWER, R.CHAIR})


def matrix_rows() -> list[tuple[str, dict[str, bool]]]:
    """Permission -> role -> whether it holds, in the order of the catalogue."""
    return [(can.value, {role.value: can in MATRIX[role] for role in R}) for can in Can]
