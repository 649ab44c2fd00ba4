"""A receipt as a file for machines, with what is needed to check it without this service. Pure."""

from typing import Any

from challenge.forms.definition import canonical_digest
from challenge.forms.kinds import kind_of
from challenge.forms.rules import asked_questions
from challenge.foundation.i18n import _
from challenge.foundation.seals import public_key_pem
from challenge.proposals.models import Revision
from challenge.proposals.queries import Content

HOW_TO_CHECK = (
    _("Write “manifest” in the canonical form of RFC 8785; its SHA-256 is “digest”."),
    _(
        "“seal” is the number of our key, a colon, and the Ed25519 signature of the same bytes in Base64; “publicKey” checks it."
    ),
    _("The SHA-256 of the canonical form of each value in “answers” stands under its code in the manifest."),
    _("The SHA-256 of the canonical form of the list of those digests by code is “answers_sha256”."),
    _("The SHA-256 of each file, for example from the command sha256sum, stands beside its name."),
    _(
        "“record” is the last line of the record of the call when this was sent; it cannot be changed afterwards unnoticed."
    ),
)


def record(revision: Revision, content: Content) -> dict[str, Any]:
    """`answers` holds the very values that were hashed, of those that are still the same today."""
    return {
        "receipt": revision.receipt_number,
        "manifest": revision.manifest,
        "digest": revision.digest,
        "seal": revision.seal,
        "publicKey": public_key_pem(),
        "answers": values_hashed(revision, content),
        "howToCheck": [str(step) for step in HOW_TO_CHECK],
    }


def values_hashed(revision: Revision, content: Content) -> dict[str, Any]:
    digests: dict[str, str] = revision.manifest["answers"]
    found = {}
    for question in asked_questions(content.definition, content.answers):
        value = kind_of(question).canonical(content.answers.get(question.code))
        if question.code in digests and canonical_digest(value) == digests[question.code]:
            found[question.code] = value
    return found
