"""Draws one page of a PDF, or a picture, as PNG. Runs as a process of its own, as files come from strangers.

    python rendering.py FILE pdf|PNG|JPEG|WEBP PAGE [bare]

It gets no environment, may use so much memory and time and write no file; nothing of the application is imported.
Its answer is one line of JSON and then the picture; it ends with 3 for a page that is not there.
"""

import io
import json
import resource
import sys
import warnings
from typing import Any

LONGEST_SIDE = 1400  # pixels
MOST_SCALE = 2.5  # 72 points an inch
MOST_TEXT = 20_000  # letters of a page, for those who have it read to them
MOST_MEMORY, MOST_SECONDS = 2 << 30, 20
LARGE = 1 << 20  # bytes above which colours are counted
NO_SUCH_PAGE = 3


def main(path: str, kind: str, page: int, *, is_bare: bool) -> int:
    """`is_bare` leaves out what hangs on a page: remarks, stamps, fields."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    pages, picture, text = _page_of_pdf(path, page, is_bare) if kind == "pdf" else _picture(path, kind, page)
    if picture is None:
        return NO_SUCH_PAGE
    png = _encoded(picture)
    told = {"pages": pages, "width": picture.width, "height": picture.height, "text": text}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + png)
    return 0


def _page_of_pdf(path: str, page: int, is_bare: bool) -> tuple[int, Any, str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    pages = len(document)
    if not 1 <= page <= pages:
        return pages, None, ""
    sheet = document[page - 1]
    scale = min(MOST_SCALE, LONGEST_SIDE / max(*sheet.get_size(), 1))
    picture = sheet.render(scale=scale, may_draw_forms=not is_bare, draw_annots=not is_bare).to_pil()
    return pages, picture.convert("RGB"), sheet.get_textpage().get_text_bounded()[:MOST_TEXT]


def _picture(path: str, kind: str, page: int) -> tuple[int, Any, str]:
    from PIL import Image, ImageOps

    if page != 1:
        return 1, None, ""
    Image.MAX_IMAGE_PIXELS = None  # who calls this has looked at the size
    with Image.open(path, formats=[kind]) as opened:
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        turned = ImageOps.exif_transpose(opened)
        has_holes = turned.mode in ("LA", "RGBA", "PA") or "transparency" in turned.info
        return 1, turned.convert("RGBA" if has_holes else "RGB"), ""


def _encoded(picture: Any) -> bytes:
    """The pixels alone: nothing that was noted beside them."""
    picture.info = {}
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False, compress_level=6)
    if out.tell() > LARGE and picture.mode == "RGB":
        out = io.BytesIO()
        picture.quantize(256).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), is_bare="bare" in sys.argv[4:]))
