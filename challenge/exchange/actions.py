"""Bring a call in: from a file, or as a copy of one that ships with the product."""

from datetime import date

from challenge.accounts import actions as accounts
from challenge.accounts.models import RoleName, Scope
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call
from challenge.exchange import queries
from challenge.exchange.call_files.importing import edition, import_call
from challenge.exchange.call_files.schema import CallFile
from challenge.foundation.db import Db
from challenge.foundation.errors import Unprocessable


async def bring_in(db: Db, file: CallFile, *, slug: str = "", by: Viewer) -> Call:
    """A draft from a file. Whoever brings it in manages it."""
    slug = slug or file.id
    refusal = await queries.why_not_bring_in(db, by, file, slug)
    if refusal is not None:
        raise Unprocessable(refusal, errors={"slug": refusal})
    call = await import_call(db, file, slug=slug, by=by)
    if by.person_id is not None:
        await accounts.grant(db, by.person_id, RoleName.MANAGER, Scope.CALL, call.id, by=by)
    return call


async def copy(db: Db, file: CallFile, *, slug: str, opens_on: date | None, by: Viewer) -> Call:
    """A draft edition of a call of the library, under its own address and with its own dates."""
    refusal = await queries.why_not_bring_in(db, by, file, slug)
    if refusal is not None:
        raise Unprocessable(refusal, errors={"slug": refusal})
    return await bring_in(db, edition(file, slug, opens_on), slug=slug, by=by)
