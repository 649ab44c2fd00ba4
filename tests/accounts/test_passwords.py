import pytest

from challenge.accounts import common_passwords
from challenge.accounts.rules import PASSWORD_LENGTH, why_not_password

COMMON = "Many people use this password or one like it, so it is tried first."
ADDRESS = "Leave the name of your e-mail address out of your password."


def refusal(password: str, email: str = "amina.okafor@example.org") -> str:
    return str(why_not_password(password, name="Amina Okafor", email=email) or "")


@pytest.mark.parametrize(
    "password",
    [
        "iloveyousomuch",
        "I love you so much!",
        "Password1234!",
        "P@$$w0rd!!!!!",
        "passw0rd2026",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "Correct Horse Battery Staple",
        "sunshinesunshine",
        "monkey123monkey123",
        "Motdepasse2026!",
        "contraseña1234",
        "bismillah12345",
        "السلام عليكم 1234",
        "!!!Welcome2026",
        "maytheforcebewithyou",
    ],
)
def test_what_everybody_uses_is_refused(password: str) -> None:
    assert refusal(password).startswith(COMMON)


@pytest.mark.parametrize(
    "password",
    [
        "a whale under the bridge",
        "sunshine over seven valleys",
        "نخلة عند باب الدار القديم",
        "le héron sur la cheminée",
        "monkeys do not like mondays",
        "vT9#kq2LmZ!x",
    ],
)
def test_a_sentence_of_ones_own_is_taken(password: str) -> None:
    assert refusal(password) == ""


@pytest.mark.parametrize(
    ("password", "email"),
    [
        ("my mule is amina.okafor here", "amina.okafor@example.org"),
        ("my mule is AminaOkafor here", "amina.okafor@example.org"),
        ("my mule is amina-okafor here", "amina.okafor+calls@example.org"),
        ("the zebra42 of the plain", "zebra42@example.org"),
    ],
)
def test_the_name_of_the_address_is_refused_wherever_it_stands(password: str, email: str) -> None:
    assert refusal(password, email) == ADDRESS


def test_a_short_name_of_an_address_stands_in_many_words() -> None:
    assert refusal("we leave before the rain", "ore@example.org") == ""


def test_the_list_is_as_it_is_compared() -> None:
    lines = common_passwords.LIST.read_text("utf-8").split("\n")
    assert lines[-1] == "" and len(lines) > 1000
    assert lines[:-1] == sorted(set(lines[:-1]))
    assert all(line == common_passwords.plain_letters(line.casefold()) for line in lines[:-1])
    # every word that is long enough to be typed as it stands is refused as it stands
    typed = [
        word for word in common_passwords.listed() if len(word) >= PASSWORD_LENGTH[0] and len(set(word)) > 4
    ]
    assert all(refusal(word).startswith(COMMON) for word in typed)
