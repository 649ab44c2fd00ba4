"""The header of a download, read back as a browser reads it."""

import re
from urllib.parse import unquote

import pytest

from storage.names import content_disposition

HEADER = re.compile(
    r"(attachment|inline); filename=\"([A-Za-z0-9 ._()+,=@~-]+)\"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)"
)


def read(header: str) -> tuple[str, str, str]:
    found = HEADER.fullmatch(header)
    assert found, header
    return found[1], found[2], unquote(found[3])


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("Été 2027.pdf", "_t_ 2027.pdf"),
        ("研究計画.docx", "file.docx"),
        ("مقترح.pdf", "file.pdf"),
        ("می\u200cخواهم.pdf", "file.pdf"),
        ("100% sure; really.pdf", "100_ sure_ really.pdf"),
        ("no ending", "no ending"),
        ("con.pdf", "con.pdf"),
        ("x" * 150 + ".pdf", "x" * 150 + ".pdf"),
    ],
)
def test_a_safe_name_comes_back_whole(name: str, plain: str) -> None:
    assert read(content_disposition(name)) == ("attachment", plain, name)
    assert read(content_disposition(name, inline=True)) == ("inline", plain, name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("", "file"),
        ("...", "file"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("a\r\nSet-Cookie: x=y", "aSet-Cookie_ x=y"),
        ('a".pdf', "a_.pdf"),
        ("inv\u202efdp.exe", "invfdp.exe"),
        ("a\0b.pdf", "ab.pdf"),
        ("E\u0301te\u0301.pdf", "Été.pdf"),
        ("a\ud800.pdf", "a.pdf"),
        ("z\u200bw.pdf", "zw.pdf"),
    ],
    ids=ascii,
)
def test_any_name_makes_a_header_that_says_one_thing(name: str, safe: str) -> None:
    assert read(content_disposition(name))[2] == safe
