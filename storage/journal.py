"""What is known of an upload into a folder: one line a fact, appended to a file beside its bytes.

Every line carries a checksum, so one that a crash tore is no fact, and a newline at both ends, so it spoils no
other. Appending is one `write` with O_APPEND: processes may do it at the same time.

    upload SIZE PART_SIZE BEGUN KEY     the first line
    claim N WHO                         part N is being written by this one, and by nobody else any more
    held N SIZE SHA256                  part N is whole and on the disk
    sealed                              the parts are put together: nothing is written any more
    gone                                aborted
"""

import os
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shape:
    key: str
    size: int
    part_size: int
    begun: datetime


@dataclass(frozen=True, slots=True)
class Held:
    size: int
    sha256: str


class Journal:
    """As of the last `refresh`."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.shape: Shape | None = None
        self.is_sealed = False
        self.is_gone = False
        self.parts: dict[int, Held | str] = {}  # a text is the one that writes it
        self._read = 0
        self._rest = b""
        self.refresh()

    @property
    def held(self) -> dict[int, Held]:
        return {n: part for n, part in sorted(self.parts.items()) if isinstance(part, Held)}

    def refresh(self) -> None:
        while data := os.pread(self.file, BLOCK, self._read):
            self._read += len(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._learn(line)

    def begin(self, key: str, size: int, part_size: int) -> None:
        self._append("upload", size, part_size, int(datetime.now(UTC).timestamp()), key)
        os.fsync(self.file)

    def claim(self, n: int, who: str) -> None:
        """Before the first byte. What was held of this part is not held any more, and the disk knows it first."""
        is_held = isinstance(self.parts.get(n), Held)
        self._append("claim", n, who)
        if is_held:
            os.fdatasync(self.file)

    def hold(self, n: int, part: Held) -> None:
        """After the bytes are on the disk."""
        self._append("held", n, part.size, part.sha256)
        os.fdatasync(self.file)

    def seal(self) -> None:
        self._append("sealed")
        os.fdatasync(self.file)

    def give_up(self) -> None:
        self._append("gone")

    def _append(self, *words: object) -> None:
        text = " ".join(map(str, words)).encode("ascii")
        line = b"\n%s %08x\n" % (text, zlib.crc32(text))
        if os.write(self.file, line) != len(line):
            raise OSError(28, "No space left on device")  # a part of a line is no fact
        self.refresh()

    def _learn(self, line: bytes) -> None:
        text, _, crc = line.rpartition(b" ")
        if crc != b"%08x" % zlib.crc32(text):
            return
        match text.decode("ascii").split(" "):
            case ["upload", size, part_size, begun, key]:
                moment = datetime.fromtimestamp(int(begun), UTC)
                self.shape = Shape(key, int(size), int(part_size), moment)
            case ["claim", n, who]:
                self.parts[int(n)] = who
            case ["held", n, size, sha256]:
                self.parts[int(n)] = Held(int(size), sha256)
            case ["sealed"]:
                self.is_sealed = True
            case ["gone"]:
                self.is_gone = True
