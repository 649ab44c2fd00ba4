"""The page on which a file takes the place of one that the check refused after the submission."""

from uuid import UUID

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.calls import words as call_words
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.proposals import inputs, queries, replacing, words
from challenge.proposals.around import path_of, values_of
from challenge.proposals.queries import Work

HERE = "/proposals/{proposal_id:uuid}/replacement/{question:str}"


@get(HERE, needs=Can.WRITE_PROPOSALS)
async def show(db: Db, me: Me, proposal_id: FromPath[UUID], question: FromPath[str]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    return await _page(db, me, work, question)


async def _page(
    db: Session, me: Viewer, work: Work, code: str, refused: Text | None = None, status: int = 200
) -> Page:
    asked = work.definition.by_code.get(code)
    reopening = await queries.reopening_of(db, work.proposal, code)
    if asked is None or reopening is None:
        raise NotFound
    return page(
        "proposals/replacement.html",
        status=status,
        **{**await values_of(db, me, work), "refusal": replacing.why_not(work, reopening)},
        question=asked,
        until=call_words.InZone(reopening.until, me.zone),
        refused=refused,
        files=[
            words.file_line(a, d, may_remove=False, stage=work.stage)
            for a, d in work.content.files
            if a.question == code
        ],
    )


@post(HERE, needs=Can.WRITE_PROPOSALS)
async def replace_file(
    db: Db, me: Me, form: Form, proposal_id: FromPath[UUID], question: FromPath[str]
) -> Page | SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    if await queries.reopening_of(db, work.proposal, question) is None:
        raise NotFound
    sent = next((file for _code, file in inputs.uploads(form, work.definition, question)), None)
    try:
        await replacing.take(db, work, question, sent, by=me)
    except Unprocessable as refusal:
        await db.rollback()
        work = await queries.the_work(db, me, proposal_id)
        return await _page(db, me, work, question, refusal.text, 422)
    await db.commit()
    return back_to(f"{path_of(work)}/receipt", say=_("The file is replaced. This is your new receipt."))


pages = (show, replace_file)
