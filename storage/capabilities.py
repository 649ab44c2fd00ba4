"""What a store can do beyond the plain protocol, which works with every one of these off."""

from dataclasses import dataclass
from typing import Literal

LATE = 60  # seconds a clock may be off before links suffer

Checksum = Literal["sha256", "md5", "none"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Found by trying what must be refused: weak servers answer 200 and ignore the header."""

    create_only_put: bool = False
    create_only_complete: bool = False
    part_length: bool = False
    part_sha256: bool = False
    sha256_at_begin: bool = False  # and wants to be told at the beginning that digests will come
    part_md5: bool = False
    copy: bool = False
    versioning: bool = False
    object_lock: bool = False
    lifecycle: bool = False
    cors: bool | None = None  # None: no origin was given, or browsers do not cross one
    clock_off: int | None = (
        None  # seconds the store's clock is ahead of ours; None: the same clock, or not told
    )

    @property
    def checksum(self) -> Checksum:
        """What the store itself refuses a damaged part by."""
        return "sha256" if self.part_sha256 else "md5" if self.part_md5 else "none"

    def explained(self) -> list[tuple[str, bool, str]]:
        """For the operator: name, whether it is there, and what that means."""
        found = {name: bool(getattr(self, name)) for name in MEANINGS}
        rows = [(name, is_there, MEANINGS[name][is_there]) for name, is_there in found.items()]
        if self.cors is not None:
            rows.append(("cors", self.cors, CORS[self.cors]))
        if self.clock_off is not None:
            rows.append(("clock", abs(self.clock_off) <= LATE, _clock(self.clock_off)))
        return rows


MEANINGS: dict[str, tuple[str, str]] = {  # (when it is missing, when it is there)
    "create_only_put": (
        "The store overwrites when asked not to; the application looks before it writes.",
        "The store itself refuses to overwrite a file.",
    ),
    "create_only_complete": (
        "The store would overwrite a file with a finished upload; the application looks first.",
        "The store itself refuses to overwrite a file with a finished upload.",
    ),
    "part_length": (
        "The store takes parts of another length than agreed; they are found before the file is put together.",
        "The store refuses a part of another length than agreed.",
    ),
    "part_sha256": (
        "The store does not check the SHA-256 of a part; damage is found when the file is read back.",
        "The store refuses a part that was damaged on the way, by its SHA-256.",
    ),
    "part_md5": (
        "The store does not check the MD5 of a part, or loses the upload over it; it is not used.",
        "The store refuses a part that was damaged on the way, by its MD5.",
    ),
    "copy": (
        "The store does not copy by itself; sealing sends every byte through the application.",
        "The store copies by itself; sealing sends no byte through the application.",
    ),
    "versioning": (
        "The store keeps no earlier versions; a deleted file is gone.",
        "The store keeps earlier versions; what is deleted can still be fetched by the operator.",
    ),
    "object_lock": (
        "The store cannot lock sealed files; the application's rights and its checks protect them.",
        "The store can lock sealed files against deletion.",
    ),
    "lifecycle": (
        "The store does not remove unfinished uploads by itself; the application does.",
        "The store removes unfinished uploads by itself, should the application not do so.",
    ),
}

CORS = (
    "Browsers may not send files to the store from this address: allow PUT and its headers for it (CORS).",
    "Browsers may send files to the store from this address.",
)


def _clock(off: int) -> str:
    if abs(off) <= LATE:
        return "The clocks of the store and of this machine agree."
    return f"The store's clock is {abs(off)} seconds {'ahead of' if off > 0 else 'behind'} ours: set both by NTP."
