"""Identifiers. A UUID is an address, never a secret; version 4, because version 7 tells the time of birth."""

import hashlib
import secrets
from uuid import UUID, uuid4

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    return uuid4()


def random_code(groups: int = 3, size: int = 5) -> str:
    """A code for people to type: groups of letters and digits without look-alikes (0 O 1 I L U).

    The default carries 73 random bits.
    """
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(size)) for _ in range(groups))


def plain_code(typed: str) -> str:
    """What somebody typed, in the form in which codes are kept."""
    kept = "".join(c for c in typed.upper() if c.isalnum())
    return "-".join(kept[i : i + 5] for i in range(0, len(kept), 5))


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What the database keeps of a secret: enough to recognise it, useless to who reads it."""
    return hashlib.sha256(secret.encode()).hexdigest()
