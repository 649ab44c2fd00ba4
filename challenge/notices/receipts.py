"""The receipt of a submission as a document: what was sent, by digest, under the site's seal."""

from datetime import datetime
from typing import Any

import rfc8785

from challenge.accounts.models import Organization, Person
from challenge.calls.models import Call, Programme, Stage
from challenge.forms.definition import FormDefinition
from challenge.foundation.i18n import pick
from challenge.notices import documents, rules
from challenge.notices.documents import Document, FileLine, Hashed, Receipt
from challenge.notices.records import AuditHead
from challenge.proposals.models import Proposal, Revision


def document(
    proposal: Proposal,
    revision: Revision,
    definition: FormDefinition,
    *,
    call: Call,
    programme: Programme,
    stage: Stage,
    organization: Organization | None,
    sent_by: Person,
    lang: str,
) -> Document:
    """The sealed manifest travels inside as receipt.json, so that the paper and the proof stay together."""
    manifest: dict[str, Any] = revision.manifest
    labels = {question.code: pick(question.label, lang) for question in definition.asked}
    head = manifest.get("record") or {}
    told = Receipt(
        number=revision.receipt_number,
        call_title=pick(call.title, lang),
        proposal_number=proposal.number,
        proposal_title=str(manifest.get("title") or proposal.title),
        organization=organization.name if organization else "",
        sent_by=sent_by.name,
        received_at=revision.submitted_at,
        closes_at=_moment(manifest.get("closes_at")) or stage.closes_at,
        zone=call.zone,
        sheet_digest=str(manifest.get("answers_sha256", "")),
        answers=tuple(
            Hashed(labels.get(code, code), digest) for code, digest in (manifest.get("answers") or {}).items()
        ),
        files=tuple(
            FileLine(
                name=file["name"],
                size=file["size"],
                digest=file["sha256"] or file.get("tree", ""),
                is_pending=not file["sha256"],
            )
            for file in manifest.get("files") or ()
        ),
        audit_head=AuditHead(head["entry"], head["hash"]) if head.get("entry") else None,
        seal=revision.seal,
        demonstration_line=pick(call.facts.get("demonstration_line"), lang) if call.is_demonstration else "",
    )
    brand = rules.brand_of(call, programme, lang)
    return documents.receipt(told, brand, lang=lang, record=rfc8785.dumps(manifest))


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
