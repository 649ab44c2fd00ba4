"""The earlier texts of one answer, with what changed, and bringing one back."""

from uuid import UUID

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.forms import queries as form_queries
from challenge.forms.definition import DECLARATIONS, Question
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import _
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.proposals import actions, inputs, queries, words
from challenge.proposals.around import path_of, values_of
from challenge.proposals.queries import Work

HERE = "/proposals/{proposal_id:uuid}/history/{question:str}"


@get(HERE, needs=Can.WRITE_PROPOSALS)
async def show(db: Db, me: Me, proposal_id: FromPath[UUID], question: FromPath[str]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    asked = _question(work, question)
    present = await form_queries.the_answer(db, work.proposal.sheet_id, question)
    earlier = await form_queries.history_of(db, work.proposal.sheet_id, question)
    people = {row.saved_by_id for row in earlier} | ({present.saved_by_id} if present else set())
    names = await queries.names_of(db, {each for each in people if each is not None})
    now_text = words.readable(asked, present.value) if present else ""
    return page(
        "proposals/history.html",
        **await values_of(db, me, work),
        question=asked,
        present=present,
        present_text=now_text,
        present_by=words.called(names, present.saved_by_id if present else None, me.person_id),
        versions=[
            {
                "row": row,
                "by": words.called(names, row.saved_by_id, me.person_id),
                "words": words.words_in(words.readable(asked, row.value)),
                "pieces": words.differences(now_text, words.readable(asked, row.value)),
            }
            for row in earlier
            if present is None or row.version != present.version
        ],
    )


def _question(work: Work, code: str) -> Question:
    found = work.definition.by_code.get(code)
    if found is None or found.kind == "file":
        raise NotFound
    return found


@post(HERE, needs=Can.WRITE_PROPOSALS)
async def restore(
    db: Db, me: Me, form: Form, proposal_id: FromPath[UUID], question: FromPath[str]
) -> SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    asked = _question(work, question)
    typed = inputs.typed(form, "version")
    if not typed.lstrip("-").isdecimal() or len(typed) > 9:
        raise NotFound
    await actions.restore_answer(db, work, asked, int(typed), by=me)
    await db.commit()
    place = "preview" if asked.section == DECLARATIONS else f"edit/{asked.section}"
    return back_to(
        f"{path_of(work)}/{place}#{question}",
        say=_("The earlier text is back. What stood there before is in the history."),
    )


pages = (show, restore)
