"""Doors: signing up, in and out, links from mails, one's own account."""

from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import Cookie

from challenge.accounts import actions, gate, inputs, queries, rules
from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.accounts.models import Link, LinkPurpose, Person
from challenge.accounts.permissions import OWN
from challenge.accounts.viewer import Viewer
from challenge.foundation import i18n
from challenge.foundation.errors import NotFound, TooMany
from challenge.foundation.i18n import Text, _
from challenge.foundation.ids import new_id
from challenge.foundation.web import (
    Page,
    SeeOther,
    back_to,
    get,
    own_path,
    page,
    post,
    signed,
    unsigned,
    visit_of,
)
from challenge.settings import settings

MADE_HERE = "made-here"  # the cookie of a browser in which an account was made
Ask = Request[Any, Any, Any]


# ---------- signing in ----------


@get("/sign-in", open=True)
async def sign_in_page(me: Me, next: str = "") -> Page:
    return _sign_in_page(email=me.email, next=own_path(next, ""), held=inputs.Held())


def _sign_in_page(
    *, email: str, next: str, held: inputs.Held, errors: inputs.Errors | None = None, status: int = 200
) -> Page:
    return page(
        "accounts/sign_in.html",
        status,
        email=email,
        next=next,
        held=held.pairs,
        held_path=held.path,
        errors=errors or {},
    )


@post("/sign-in", open=True)
async def sign_in(request: Ask, db: Db, form: Form) -> Page | SeeOther:
    typed = inputs.SignIn.read(form)
    again: dict[str, Any] = {"email": typed.email, "next": typed.next, "held": typed.held}
    if typed.errors:
        return _sign_in_page(**again, errors=typed.errors, status=422)
    try:
        person = await actions.sign_in(
            db, email=typed.email, password=typed.password, address=gate.client_address(request)
        )
    except TooMany as refusal:
        return _wait(_sign_in_page(**again, errors={"password": refusal.text}, status=429), refusal)
    await db.commit()
    if person is None:
        wrong = _("Address and password do not belong together. Look at both, or have a link sent to you.")
        return _sign_in_page(**again, errors={"password": wrong}, status=422)
    return await _enter(request, db, person, typed.next, typed.held)


async def _enter(
    request: Ask, db: Db, person: Person, next: str, held: inputs.Held | None = None, say: Text | None = None
) -> Page | SeeOther:
    """A new session in this browser, and on to where the person was going or to what was typed before."""
    visit = visit_of(request)
    browser = rules.browser_name(request.headers.get("user-agent", ""))
    secret = await actions.change_session(db, person, browser, instead_of=visit.session_key)
    viewer = await queries.viewer_for(db, person.id)
    await db.commit()
    gate.let_in(request, secret)
    visit.viewer = viewer
    if held is not None and held.path:
        return _held_page(held)
    return back_to(own_path(next, "") or rules.home_of(viewer), say)


def _held_page(held: inputs.Held) -> Page:
    return page("accounts/held.html", held=held.pairs, held_path=held.path)


@post("/sign-in/held", open=True)
async def held(me: Me, form: Form) -> Page:
    """What was typed before, once the person has signed in in another window."""
    kept = inputs.Held.read(form)
    if not kept.path:
        raise NotFound
    return _held_page(kept) if me.is_anyone else _sign_in_page(email="", next="", held=kept)


@get("/sign-in/link", open=True)
async def link_page(me: Me, how: str = "", next: str = "") -> Page:
    purpose = "reset" if how == "reset" else "sign_in"
    return _link_page(inputs.LinkWish(me.email, purpose, own_path(next, ""), inputs.Held(), {}))


def _link_page(wish: inputs.LinkWish, status: int = 200) -> Page:
    return page(
        "accounts/link_wish.html",
        status,
        email=wish.email,
        how=wish.purpose,
        next=wish.next,
        held=wish.held.pairs,
        held_path=wish.held.path,
        errors=wish.errors,
    )


@post("/sign-in/link", open=True)
async def ask_for_link(request: Ask, db: Db, form: Form) -> Page:
    wish = inputs.LinkWish.read(form)
    if wish.errors:
        return _link_page(wish, 422)
    try:
        await actions.ask_for_link(
            db,
            email=wish.email,
            address=gate.client_address(request),
            next=wish.next,
            purpose=LinkPurpose(wish.purpose),
        )
    except TooMany as refusal:
        wish.errors = {"email": refusal.text}
        return _wait(_link_page(wish, 429), refusal)
    await db.commit()
    return page(
        "accounts/link_sent.html",
        email=wish.email,
        minutes=int(rules.LINK_LIFE[wish.purpose].total_seconds()) // 60,
        held=wish.held.pairs,
        held_path=wish.held.path,
    )


def _wait(answer: Page, refusal: TooMany) -> Page:
    answer.headers["retry-after"] = str(refusal.retry_after)
    return answer


@post("/sign-out", open=True)
async def sign_out(request: Ask, db: Db) -> SeeOther:
    visit = visit_of(request)
    if visit.session_key:
        await actions.end_session(db, visit.session_key)
        await db.commit()
    gate.let_out(request)
    visit.headers["clear-site-data"] = '"cache", "storage"'
    return back_to("/", _("You are signed out."))


# ---------- signing up ----------


@get("/sign-up", open=True)
async def sign_up_page(next: str = "") -> Page:
    return _sign_up_page(inputs.SignUp("", "", "", i18n.language(), "UTC", own_path(next, ""), {}))


def _sign_up_page(typed: inputs.SignUp, status: int = 200) -> Page:
    return page(
        "accounts/sign_up.html",
        status,
        typed=typed,
        errors=typed.errors,
        zones=inputs.zone_groups(i18n.language()),
    )


@post("/sign-up", open=True)
async def sign_up(request: Ask, db: Db, form: Form) -> Page:
    typed = inputs.SignUp.read(form, settings().offered_languages)
    if typed.errors:
        return _sign_up_page(typed, 422)
    try:
        person = await actions.sign_up(
            db,
            name=typed.name,
            email=typed.email,
            password=typed.password,
            language=typed.language,
            zone=typed.zone,
            address=gate.client_address(request),
            next=typed.next,
        )
    except TooMany as refusal:
        typed.errors = {"email": refusal.text}
        return _wait(_sign_up_page(typed, 429), refusal)
    await db.commit()
    _remember_maker(request, person)
    return page("accounts/sign_up_done.html", email=typed.email)


def _remember_maker(request: Ask, person: Person | None) -> None:
    """So that the confirming link, opened in this browser, need not ask for the password. Same for a taken address."""
    value = signed(str(person.id if person else new_id()), MADE_HERE)
    visit_of(request).cookies.append(
        Cookie(
            key=MADE_HERE,
            value=value,
            max_age=int(rules.LINK_LIFE["confirm"].total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=settings().is_https,
        )
    )


# ---------- links from mails ----------


@get("/links/{token:str}", open=True)
async def link(request: Ask, db: Db, me: Me, token: FromPath[str]) -> Page:
    """Only shows a button: scanners of mail open every address they see."""
    found = await actions.the_link(db, token)
    person = await queries.the_person(db, found.person_id)
    return _opened_link(request, me, found, person, token, {})


def _opened_link(
    request: Ask,
    me: Viewer,
    found: Link,
    person: Person,
    token: str,
    errors: inputs.Errors,
    status: int = 200,
) -> Page:
    return page(
        "accounts/link.html",
        status,
        purpose=found.purpose.value,
        email=person.email,
        token=token,
        other=me.email if me.is_anyone and me.person_id != person.id else "",
        asks_password=_asks_password(request, me, found, person),
        errors=errors,
    )


def _asks_password(request: Ask, me: Viewer, found: Link, person: Person) -> bool:
    """Whether the confirmation has to come with the password: in a browser that is not known to be the maker's.

    Else somebody could make an account for another's address and wait for its owner to confirm it.
    """
    if found.purpose != LinkPurpose.CONFIRM or person.email_confirmed_at is not None:
        return False
    made = unsigned(request.cookies.get(MADE_HERE, ""), MADE_HERE)
    return made != str(person.id) and me.person_id != person.id and person.password_hash is not None


@post("/links/{token:str}", open=True)
async def use_link(request: Ask, db: Db, me: Me, form: Form, token: FromPath[str]) -> Page | SeeOther:
    found = await actions.the_link(db, token)
    person = await queries.the_person(db, found.person_id)
    say: Text | None = None
    if _asks_password(request, me, found, person):
        typed = form.get("password", "")
        try:
            proved = await actions.prove(
                db, email=person.email, password=str(typed)[:1000], address=gate.client_address(request)
            )
        except TooMany as refusal:
            errors = {"password": refusal.text}
            return _wait(_opened_link(request, me, found, person, token, errors, 429), refusal)
        await db.commit()
        if proved is None:
            errors = {"password": _("This is not the password with which the account was made.")}
            return _opened_link(request, me, found, person, token, errors, 422)
    new = inputs.NewPassword("", {})
    if found.purpose == LinkPurpose.RESET:
        new = inputs.NewPassword.read(form, "password", person.name, person.email)
        if new.errors:
            return _opened_link(request, me, found, person, token, new.errors, 422)
    had_password = person.password_hash is not None
    person = await actions.use_link(db, found)
    if found.purpose == LinkPurpose.RESET:
        await actions.set_password(db, person, new.password)
        say = _("Your new password is set. All other sessions have ended.")
    elif found.purpose == LinkPurpose.CONFIRM:
        say = _("Your address is confirmed.")
    elif had_password and person.password_hash is None:
        say = _("Your address is confirmed. Choose your password once more, on the page of your account.")
    return await _enter(request, db, person, found.next, say=say)


# ---------- one's own account ----------


@get("/account", needs=Can.OWN_ACCOUNT)
async def account(request: Ask, db: Db, me: Me) -> Page:
    return await _account(request, db, me, {})


async def _account(
    request: Ask,
    db: Db,
    me: Viewer,
    errors: inputs.Errors,
    status: int = 200,
    profile: inputs.Profile | None = None,
) -> Page:
    person = await queries.the_person(db, me.person_id)
    return page(
        "accounts/account.html",
        status,
        person=person,
        profile=profile or inputs.Profile(person.name, person.language, person.zone, {}),
        zones=inputs.zone_groups(i18n.language()),
        sessions=[
            {
                "mark": session.key[:16],
                "browser": session.browser,
                "seen_at": session.seen_at,
                "created_at": session.created_at,
                "is_this": session.key == visit_of(request).session_key,
            }
            for session in await queries.sessions_of(db, person.id)
        ],
        roles=await queries.roles_of(db, person.id),
        errors=errors,
    )


@post("/account", needs=Can.OWN_ACCOUNT)
async def change_profile(request: Ask, db: Db, me: Me, form: Form) -> Page | SeeOther:
    typed = inputs.Profile.read(form, settings().offered_languages)
    if typed.errors:
        return await _account(request, db, me, typed.errors, 422, typed)
    person = await queries.the_person(db, me.person_id)
    await actions.change_profile(db, person, name=typed.name, language=typed.language, zone=typed.zone, by=me)
    await db.commit()
    _speak(request, typed.language)
    return back_to("/account", _("Saved. Letters and pages come in this language, times in this zone."))


@post("/account/password", needs=Can.OWN_ACCOUNT)
async def change_password(request: Ask, db: Db, me: Me, form: Form) -> Page | SeeOther:
    person = await queries.the_person(db, me.person_id)
    new = inputs.NewPassword.read(form, "new_password", person.name, person.email)
    errors = new.errors
    if person.password_hash is not None:
        typed = str(form.get("password", ""))[:1000]
        proved = await actions.prove(
            db, email=person.email, password=typed, address=gate.client_address(request)
        )
        await db.commit()
        if proved is None:
            errors = {"password": _("This is not your present password. Nothing was changed."), **errors}
    if errors:
        return await _account(request, db, me, errors, 422)
    await actions.set_password(db, person, new.password, by=me)
    return await _enter(
        request, db, person, "/account", say=_("Your password is changed. All other sessions have ended.")
    )


@post("/account/sessions/{mark:str}/sign-out", needs=Can.OWN_ACCOUNT)
async def end_session(request: Ask, db: Db, me: Me, mark: FromPath[str]) -> SeeOther:
    for session in await queries.sessions_of(db, (await queries.the_person(db, me.person_id)).id):
        if session.key[:16] == mark and session.key != visit_of(request).session_key:
            await actions.end_session(db, session.key)
            await db.commit()
            return back_to("/account#sessions", _("That session has ended."))
    raise NotFound


@post("/account/sessions/others/sign-out", needs=Can.OWN_ACCOUNT)
async def end_other_sessions(request: Ask, db: Db, me: Me) -> SeeOther:
    person = await queries.the_person(db, me.person_id)
    ended = await actions.end_sessions(db, person.id, but=visit_of(request).session_key, by=me)
    await db.commit()
    words = i18n._n("{n} other session has ended.", "{n} other sessions have ended.", ended)
    return back_to("/account#sessions", words)


@post("/language", open=True)
async def change_language(request: Ask, db: Db, me: Me, form: Form) -> SeeOther:
    language = str(form.get("lang", ""))
    if language not in settings().offered_languages:
        raise NotFound
    if me.is_anyone:
        person = await queries.the_person(db, me.person_id)
        await actions.set_language(db, person, language, by=me)
        await db.commit()
    _speak(request, language)
    return back_to(own_path(form.get("next"), "/"))


def _speak(request: Ask, language: str) -> None:
    """From here on in this language; the cookie that remembers an earlier choice must not win over it."""
    i18n.speak(language)
    visit_of(request).cookies.append(
        Cookie(
            key="lang",
            value=language,
            max_age=31536000,
            path="/",
            samesite="lax",
            secure=settings().is_https,
        )
    )


# ---------- keys for programs ----------


@get("/account/tokens", needs=Can.OWN_ACCOUNT)
async def tokens(db: Db, me: Me) -> Page:
    return await _tokens(db, me, inputs.NewToken("", [], 90, {}))


async def _tokens(
    db: Db, me: Viewer, typed: inputs.NewToken, status: int = 200, made: dict[str, Any] | None = None
) -> Page:
    person = await queries.the_person(db, me.person_id)
    return page(
        "accounts/tokens.html",
        status,
        tokens=await queries.tokens_of(db, person.id),
        scopes=[can.value for can in Can if can in OWN or me.can(can)],
        typed=typed,
        errors=typed.errors,
        made=made,
    )


@post("/account/tokens", needs=Can.OWN_ACCOUNT, fresh=True)
async def make_token(db: Db, me: Me, form: Form) -> Page:
    typed = inputs.NewToken.read(form)
    if typed.errors:
        return await _tokens(db, me, typed, 422)
    person = await queries.the_person(db, me.person_id)
    token, secret = await actions.make_token(
        db, person.id, name=typed.name, scopes=typed.scopes, days=typed.days, by=me
    )
    await db.commit()
    made = {"name": token.name, "secret": secret, "expires_at": token.expires_at}
    return await _tokens(db, me, inputs.NewToken("", [], 90, {}), made=made)


@post("/account/tokens/{token_id:uuid}/revocation", needs=Can.OWN_ACCOUNT)
async def revoke_token(db: Db, me: Me, token_id: FromPath[UUID]) -> SeeOther:
    token = await queries.the_token(db, me, token_id)
    if token.revoked_at is None:
        await actions.revoke_token(db, token, by=me)
        await db.commit()
    return back_to(
        "/account/tokens", _("The token is revoked. Programs that use it are refused from now on.")
    )


doors: list[Any] = [
    sign_in_page, sign_in, held, link_page, ask_for_link, sign_out, sign_up_page, sign_up, link, use_link,
    account, change_profile, change_password, end_session, end_other_sessions, change_language,
    tokens, make_token, revoke_token,
]  # fmt: skip
