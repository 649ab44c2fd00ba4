"""Pictures: what proves one, and what stands in it besides the pixels."""

import warnings
from collections.abc import Callable
from typing import IO

from PIL import Image, UnidentifiedImageError

from challenge.files.faults import DAMAGED, NOT_THIS, TOO_WIDE
from challenge.foundation.i18n import Text

MOST_PIXELS = 100_000_000
TAIL = 1 << 16
ENDS = {"PNG": b"IEND", "JPEG": b"\xff\xd9", "WEBP": b""}
ARTIST, COPYRIGHT = 0x013B, 0x8298


def is_picture(kind: str, *marks: bytes) -> Callable[[IO[bytes]], Text | None]:
    """A look that reads the head, never the pixels."""

    def look(file: IO[bytes]) -> Text | None:
        if not file.read(16).startswith(marks):
            return NOT_THIS
        file.seek(-min(TAIL, file.seek(0, 2)), 2)
        if ENDS[kind] not in file.read():
            return DAMAGED
        try:
            with opened(file, kind) as picture:
                width, height = picture.size
        except UnidentifiedImageError:
            return DAMAGED
        except Image.DecompressionBombError:
            return TOO_WIDE
        except (OSError, SyntaxError, ValueError):
            return DAMAGED
        return TOO_WIDE if width * height > MOST_PIXELS else None

    return look


def opened(file: IO[bytes], kind: str) -> Image.Image:
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit is ours
        return Image.open(file, formats=[kind])


def authors_in(file: IO[bytes], kind: str) -> list[str]:
    with opened(file, kind) as picture:
        noted = picture.getexif()
        found = [noted.get(ARTIST), noted.get(COPYRIGHT)]
        found += [picture.info.get(name) for name in ("Author", "Artist", "Copyright")]
    return [each for each in found if isinstance(each, str)]
