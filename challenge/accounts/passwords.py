"""argon2id in a small pool of threads. One dummy hash makes an unknown address cost the same as a known one."""

from functools import lru_cache

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
THREADS = 4


@lru_cache
def _limiter() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(THREADS)


@lru_cache
def _dummy() -> str:
    return HASHER.hash("nobody has this password")


async def hashed(password: str) -> str:
    return await anyio.to_thread.run_sync(HASHER.hash, password, limiter=_limiter())


async def matches(password_hash: str | None, password: str) -> bool:
    def check() -> bool:
        try:
            return HASHER.verify(password_hash or _dummy(), password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    return await anyio.to_thread.run_sync(check, limiter=_limiter())


def is_outdated(password_hash: str) -> bool:
    return HASHER.check_needs_rehash(password_hash)
