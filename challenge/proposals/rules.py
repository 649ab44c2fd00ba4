"""What may happen to a proposal, and which sides of it a role shows. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from challenge.accounts.models import Organization
from challenge.accounts.models import RoleName as R
from challenge.calls import rules as call_rules
from challenge.calls.models import Call, Stage
from challenge.files.models import Document
from challenge.files.rules import why_refused
from challenge.forms.definition import DECLARATIONS, FormDefinition, Json, Question
from challenge.forms.rules import Progress
from challenge.foundation.i18n import Text, _, _n
from challenge.proposals.models import Attachment, Facet, Proposal, ProposalState, SlotReopening

PROPOSAL_MOVES = {
    (ProposalState.DRAFT, "submit"): ProposalState.SUBMITTED,
    (ProposalState.SUBMITTED, "withdraw"): ProposalState.WITHDRAWN,
    (ProposalState.SUBMITTED, "reopen"): ProposalState.DRAFT,
    (ProposalState.WITHDRAWN, "reopen"): ProposalState.DRAFT,
}

CONTENT = Facet.EXISTS | Facet.BODY | Facet.IDENTITY | Facet.FILES
EVERYTHING = Facet(1023)
TEAM_FACETS = CONTENT | Facet.DECISION
# Roles held for the site, a programme or a call. Reviewers and chairs see by assignment, one proposal at a time.
ROLE_FACETS: dict[R, Facet] = {
    R.MANAGER: EVERYTHING,
    R.ADMINISTRATOR: EVERYTHING,
    R.AUDITOR: EVERYTHING,
    R.OBSERVER: CONTENT | Facet.SCORES | Facet.RANKING | Facet.DECISION,
}


def why_not_edit(proposal: Proposal, call: Call, stage: Stage, moment: datetime) -> Text | None:
    """The reason why no answer of this proposal can be saved now, or nothing."""
    if proposal.state == ProposalState.SUBMITTED:
        return _(
            "This proposal is submitted. Reopen it first; until the deadline you can change and send it again."
        )
    if proposal.state == ProposalState.WITHDRAWN:
        return _("This proposal is withdrawn. Reopen it to go on writing.")
    return call_rules.why_not_apply(call, stage, moment)


def why_not_send_file(
    proposal: Proposal, reopening: SlotReopening | None, call: Call, stage: Stage, moment: datetime
) -> Text | None:
    """As for the rest, but where the check refused a file after the submission, another may take its place."""
    is_open = reopening is not None and reopening.closed_at is None and moment < reopening.until
    if is_open and proposal.state == ProposalState.SUBMITTED:
        return None
    return why_not_edit(proposal, call, stage, moment)


def why_no_place(question: Question, taken: int) -> Text | None:
    if taken < question.max_files:
        return None
    return _n(
        "There is place for {most} file here. Remove the other first.",
        "There is place for {most} files here. Remove one first.",
        question.max_files,
        most=question.max_files,
    )


def why_not_withdraw(proposal: Proposal, is_decided: bool) -> Text | None:
    if proposal.state != ProposalState.SUBMITTED:
        return _("Only a submitted proposal can be withdrawn.")
    return _("The decision on this proposal is out; write to the organizer.") if is_decided else None


def why_not_reopen(proposal: Proposal, call: Call, stage: Stage, moment: datetime) -> Text | None:
    if proposal.state == ProposalState.DRAFT:
        return _("This proposal is open already.")
    return call_rules.why_not_apply(call, stage, moment)


Files = Sequence[tuple[Attachment, Document]]
ORGANIZATION = "organization"  # stands beside the codes of questions where problems are listed


def with_files(definition: FormDefinition, answers: Mapping[str, Json], files: Files) -> dict[str, Json]:
    """The answers with the documents of each file question in their place, as the form's rules read them."""
    filled = dict(answers)
    for question in definition.asked:
        if question.kind == "file":
            filled[question.code] = [str(d.id) for a, d in files if a.question == question.code]
    return filled


def asks_organization(call: Call) -> bool:
    """Whether a condition of the call can only be judged when one knows the organization."""
    return any(
        str(check.get("kind", "")).startswith(("organization", "proposals-per-organization"))
        for check in call.facts.get("eligibility") or []
    )


def why_not_organization(call: Call, organization: Organization | None) -> Text | None:
    if not asks_organization(call):
        return None
    if organization is None:
        return _("Say which organization sends the proposal.")
    kinds = {check.get("kind") for check in call.facts.get("eligibility") or []}
    if "organization-age" in kinds and organization.founded_on is None:
        return _("Say since when the organization exists; the call has a condition about it.")
    return None


def why_not_files(files: Files) -> dict[str, list[Text]]:
    """Files that were not released, under the question where they stand."""
    found: dict[str, list[Text]] = {}
    for attachment, document in files:
        if (text := why_refused(document)) is not None:
            found.setdefault(attachment.question, []).append(text)
    return found


def is_complete(progress: Progress) -> bool:
    """A section in which nothing is required counts as done as soon as it was opened and may stay empty."""
    return progress.required_answered == progress.required


def first_unfinished(definition: FormDefinition, progress: Mapping[str, Progress], wrong: set[str]) -> str:
    """The first section in which something is missing or wrong, else the first."""
    sections = [section.code for section in definition.sections]
    for code in sections:
        faulty = any(question.code in wrong for question in definition.questions_of(code))
        if faulty or not is_complete(progress[code]):
            return code
    return sections[0]


def next_section(definition: FormDefinition, section: str) -> str | None:
    codes = [each.code for each in definition.sections]
    at = codes.index(section) + 1
    return codes[at] if at < len(codes) else None


def status_code(state: ProposalState, stage: Stage, moment: datetime) -> str:
    """The term of the vocabulary proposal-statuses. It follows the dates of the stage, which are the same for all,
    never what somebody found about this one proposal before the release."""
    if state != ProposalState.SUBMITTED:
        return state.value
    if moment < stage.closes_at:
        return "submitted"
    return "in-decision" if stage.reviews_closed_at is not None else "under-review"


def may_read_file(question: Question | None, *, is_team: bool, is_staff: bool) -> bool:
    """Whether a file that somebody may see as such was given to this audience."""
    audience = question.seen_by if question is not None else "reviewers"
    if is_team:
        return True
    if is_staff:
        return audience != "team"
    return audience not in ("team", "staff")


def blind_name(number: str, question: str, document: Document) -> str:
    """A name that does not tell whose file it is."""
    return f"{number}-{question}-{str(document.id)[:4]}.{document.name.rpartition('.')[2]}"


def is_declared(question: Question) -> bool:
    return question.section == DECLARATIONS
