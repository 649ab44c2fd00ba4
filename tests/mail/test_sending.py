import asyncio
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts import letters
from challenge.accounts.models import LinkPurpose
from challenge.files.actions import receive
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.i18n import _
from challenge.jobs import queries as jobs
from challenge.jobs.context import Drained, TaskContext
from challenge.mail import actions, queries
from challenge.mail.letters import Letter
from challenge.mail.models import Message, MessageState
from challenge.mail.tasks import send, sweep
from challenge.mail.transports import open_transport
from challenge.settings import Settings
from tests.builders.people import a_person
from tests.mail.conftest import MailServer, deliver, mails_in, part, read, with_mail

HELLO = Letter("tests.hello", _("A word"), _("Good news"), [_("We received what you sent.")])


async def posted(
    database: Database, letter: Letter = HELLO, *, held: bool = False, email: str = ""
) -> Message:
    async with database.writing() as db:
        message = await actions.post(db, await a_person(db, "Amina", email=email), letter, held=held)
        await db.commit()
    return message


async def kept(database: Database, message: Message) -> Message:
    async with database.reading() as db:
        found = await queries.the_message(db, message.id)
    assert found is not None
    return found


async def test_a_message_leaves_as_a_file_of_its_own(
    database: Database, folder: Path, in_folder: Settings, at_noon: datetime
) -> None:
    message = await posted(database, email="amina@example.org")
    assert await deliver(database, in_folder) == Drained(1, 0)
    ((name, mode, content),) = mails_in(folder)
    assert name == f"{message.id}.eml"
    assert mode == 0o600
    mail = read(content)
    assert mail["from"] == "The calls <calls@example.org>"
    assert mail["to"] == "amina@example.org"
    assert mail["subject"] == "A word"
    assert mail["message-id"] == f"<{message.id}@example.org>"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["content-language"] == "en"
    assert mail["reply-to"] is None
    assert parsedate_to_datetime(mail["date"]) == at_noon
    assert "We received what you sent." in part(mail, "plain")
    html = part(mail, "html")
    assert "We received what you sent." in html
    assert "style=" in html
    assert "var(--" not in html
    sent = await kept(database, message)
    assert (sent.state, sent.sent_at, sent.attempts, sent.error) == (MessageState.SENT, at_noon, 1, None)


async def test_arabic_arrives_from_right_to_left(database: Database, server: MailServer) -> None:
    async with database.writing() as db:
        reader = await a_person(db, "أمينة", language="ar")
        await actions.post(db, reader, HELLO)
        await db.commit()
    await deliver(database, with_mail(server.url))
    (mail,) = server.messages
    assert mail["content-language"] == "ar"
    assert '<html lang="ar" dir="rtl"' in part(mail, "html")
    assert "أمينة" in part(mail, "plain")


async def test_a_link_becomes_an_address_only_in_what_leaves(database: Database, server: MailServer) -> None:
    async with database.writing() as db:
        person = await a_person(db)
        link = await accounts.make_link(db, person, LinkPurpose.SIGN_IN)
        message = await actions.post(db, person, letters.sign_in(link))
        await db.commit()
    secret = accounts.link_secret(link.id)
    address = f"http://testserver.local/links/{secret}"
    await deliver(database, with_mail(server.url))
    (mail,) = server.messages
    assert address in part(mail, "plain")
    assert f'href="{address}"' in part(mail, "html")
    assert "[[" not in part(mail, "plain") + part(mail, "html")
    stored = await kept(database, message)
    assert secret not in stored.text + stored.html
    async with database.reading() as db:
        opened = await accounts.the_link(db, secret)
    assert opened.id == link.id


async def test_typed_text_cannot_ask_for_the_secret_of_a_link(database: Database, server: MailServer) -> None:
    async with database.writing() as db:
        person = await a_person(db)
        link = await accounts.make_link(db, person, LinkPurpose.SIGN_IN)
        trick = Letter("tests.trick", "A title", "A title", [f"Our idea [[link:{link.id}]] is good"])
        await actions.post(db, person, trick)
        await db.commit()
    await deliver(database, with_mail(server.url))
    ((_to, content),) = server.got
    assert accounts.link_secret(link.id) not in content.decode()
    assert accounts.link_secret(link.id) not in part(server.messages[0], "plain")


async def test_line_breaks_and_marks_add_no_headers(database: Database, server: MailServer) -> None:
    nasty = "Win\r\nBcc: everybody@example.org\r\n\r\n<script>\u202edlrow\x00"
    letter = Letter("tests.nasty", "A", "B", ["C"], reply_to="chair@example.org\r\nX-Evil: yes")
    message = await posted(database, Letter("tests.nasty", nasty, nasty, [nasty]))
    assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    ((to, _content),) = server.got
    (mail,) = server.messages
    assert to == [message.to]
    assert mail["bcc"] is None
    assert mail["subject"] == "Win Bcc: everybody@example.org <script>dlrow"
    assert "<script>" not in part(mail, "html")
    second = await posted(database, letter)
    assert await deliver(database, with_mail(server.url)) == Drained(0, 1)
    assert len(server.got) == 1
    assert (await kept(database, second)).state == MessageState.QUEUED


async def test_an_answer_goes_where_the_letter_says(database: Database, server: MailServer) -> None:
    await posted(database, Letter("tests.reply", "A", "B", ["C"], reply_to="calls@example.net"))
    await deliver(database, with_mail(server.url))
    assert server.messages[0]["reply-to"] == "calls@example.net"


async def test_attachments_travel_with_their_names_and_bytes(database: Database, server: MailServer) -> None:
    pdf = Path(__file__).parents[1] / "files" / "one-page.pdf"
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name="Notice ٢.pdf", content=pdf.read_bytes(), by=None)
        letter = Letter(
            "tests.file", "A", "B", ["C"],
            attachments=[{"document": str(document.id), "name": "Notice ٢.pdf", "type": "application/pdf"}],
        )  # fmt: skip
        await actions.post(db, await a_person(db), letter)
        await db.commit()
    assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    (attached,) = server.messages[0].iter_attachments()
    assert attached.get_filename() == "Notice ٢.pdf"
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == pdf.read_bytes()


async def test_a_server_that_is_down_is_tried_again_and_nothing_is_lost(
    database: Database, server: MailServer, at_noon: datetime
) -> None:
    await server.stop()
    message = await posted(database)
    assert await deliver(database, with_mail(server.url)) == Drained(0, 1)
    waiting = await kept(database, message)
    assert (waiting.state, waiting.attempts) == (MessageState.QUEUED, 1)
    assert waiting.error is not None and waiting.error.startswith("SMTPConnectError")
    await server.start()
    with clock.stopped(at_noon + timedelta(seconds=15)):
        assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    assert [mail["message-id"] for mail in server.messages] == [f"<{message.id}@example.org>"]
    assert (await kept(database, message)).state == MessageState.SENT


async def test_a_server_that_is_busy_is_asked_again_later(
    database: Database, server: MailServer, at_noon: datetime
) -> None:
    server.answers = ["451 Try again later"]
    message = await posted(database)
    assert await deliver(database, with_mail(server.url)) == Drained(0, 1)
    assert (await kept(database, message)).state == MessageState.QUEUED
    with clock.stopped(at_noon + timedelta(minutes=1)):
        assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    assert len(server.got) == 1


async def test_an_address_that_does_not_exist_is_given_up_at_once(
    database: Database, server: MailServer, at_noon: datetime
) -> None:
    server.recipient_answers = ["550 No such person"]
    message = await posted(database)
    assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    failed = await kept(database, message)
    assert (failed.state, failed.error) == (MessageState.FAILED, "The mail server refused the address (550).")
    async with database.reading() as db:
        assert await jobs.troubles(db) == []
    async with database.writing() as db:
        await actions.send_again(db, failed)
        await db.commit()
    assert await deliver(database, with_mail(server.url)) == Drained(1, 0)
    assert (await kept(database, message)).state == MessageState.SENT


async def test_the_last_try_leaves_the_message_failed(
    database: Database, server: MailServer, at_noon: datetime
) -> None:
    await server.stop()
    message = await posted(database)
    config = with_mail(server.url)
    try:
        await send(TaskContext(database, config, attempt=9, is_last=True), message_id=str(message.id))
    except OSError:
        pass
    except Exception as error:
        assert type(error).__name__ == "SMTPConnectError"
    assert (await kept(database, message)).state == MessageState.FAILED


async def test_held_messages_never_leave_before_their_release(
    database: Database, folder: Path, in_folder: Settings
) -> None:
    message = await posted(database, held=True)
    await send(TaskContext(database, in_folder), message_id=str(message.id))
    assert await deliver(database, in_folder) == Drained(0, 0)
    assert mails_in(folder) == []
    async with database.writing() as db:
        await actions.release(db, message)
        await db.commit()
    assert await deliver(database, in_folder) == Drained(1, 0)
    assert len(mails_in(folder)) == 1


async def test_nothing_is_sent_twice(database: Database, server: MailServer) -> None:
    message = await posted(database)
    context = TaskContext(database, with_mail(server.url))
    outcomes = await asyncio.gather(
        *(send(context, message_id=str(message.id)) for _n in range(5)), return_exceptions=True
    )
    assert {type(o).__name__ for o in outcomes} <= {"NoneType", "StillClaimed"}
    await send(context, message_id=str(message.id))
    await deliver(database, with_mail(server.url))
    assert len(server.got) == 1


async def test_a_message_whose_worker_died_leaves_ten_minutes_later(
    database: Database, server: MailServer, at_noon: datetime
) -> None:
    message = await posted(database)
    async with database.writing() as db:
        row = (await db.exec(select(Message).where(Message.id == message.id))).one()
        row.state, row.claimed_at = MessageState.SENDING, at_noon
        db.add(row)
        await db.commit()
    config = with_mail(server.url)
    assert await deliver(database, config) == Drained(0, 1)
    assert server.got == []
    with clock.stopped(at_noon + timedelta(minutes=11)):
        assert await deliver(database, config) == Drained(1, 0)
    assert len(server.got) == 1
    await sweep(TaskContext(database, config))
    assert await deliver(database, config) == Drained(0, 0)


async def test_the_log_finds_messages_and_counts_them(database: Database, in_folder: Settings) -> None:
    first = await posted(database, email="amina@example.org")
    await deliver(database, in_folder)
    await posted(database, email="bruno@example.org", held=True)
    async with database.reading() as db:
        lines, count = await queries.messages(db)
        assert (len(lines), count) == (2, 2)
        found, _count = await queries.messages(db, typed="AMINA@")
        assert [(line.id, line.state, line.template) for line in found] == [
            (first.id, MessageState.SENT, "tests.hello")
        ]
        held, _count = await queries.messages(db, state=MessageState.HELD)
        assert [line.to for line in held] == ["bruno@example.org"]
        assert await queries.counts(db) == {"held": 1, "queued": 0, "sending": 0, "sent": 1, "failed": 0}


async def test_a_transport_says_what_is_the_matter(server: MailServer, tmp_path: Path) -> None:
    assert await open_transport(server.url).check() == ""
    assert await open_transport(f"folder:{tmp_path}/mail").check() == ""
    await server.stop()
    assert (
        await open_transport(server.url).check() == "The mail server does not take us in (SMTPConnectError)."
    )
