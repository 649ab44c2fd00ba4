"""A copy of a file that does not say who wrote it: what stands in its properties is left out, its pages stay."""

import io
import zipfile

import pikepdf
from PIL import Image, ImageOps

OFFICE = ("docx", "xlsx", "pptx")
OPEN_DOCUMENT = ("odt", "ods", "odp")
PICTURES = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
_CORE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><cp:coreProperties xmlns:cp='
    b'"http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
_APP = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties xmlns='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)
_CUSTOM = _APP.replace(b"extended-properties", b"custom-properties")
_META = (
    b'<?xml version="1.0" encoding="UTF-8"?><office:document-meta xmlns:office='
    b'"urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"><office:meta/></office:document-meta>'
)
EMPTIED = {
    "docProps/core.xml": _CORE,
    "docProps/app.xml": _APP,
    "docProps/custom.xml": _CUSTOM,
    "meta.xml": _META,
}


def blind_copy(content: bytes, ending: str) -> bytes:
    """The same document without author, program, dates, attached files and remarks in its margin."""
    ending = ending.lower()
    if ending == "pdf":
        return _pdf(content)
    if ending in OFFICE + OPEN_DOCUMENT:
        return _archive(content)
    if ending in PICTURES:
        return _picture(content, PICTURES[ending])
    return content


def _pdf(content: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        if "/Info" in document.trailer:
            del document.trailer["/Info"]
        for name in ("/Metadata", "/PieceInfo", "/AF"):
            if name in document.Root:
                del document.Root[name]
        if "/Names" in document.Root and "/EmbeddedFiles" in document.Root.Names:
            del document.Root.Names["/EmbeddedFiles"]
        for page in document.pages:
            for name in ("/Metadata", "/PieceInfo", "/Annots", "/AF"):
                if name in page:
                    del page[name]
        document.save(out, deterministic_id=True)
    return out.getvalue()


def _archive(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            made = zipfile.ZipInfo(entry.filename)
            made.compress_type = entry.compress_type
            if entry.filename.lower().startswith("docprops/thumbnail"):
                target.writestr(made, b"")
            else:
                target.writestr(made, EMPTIED.get(entry.filename) or source.read(entry))
    return out.getvalue()


def _picture(content: bytes, kind: str) -> bytes:
    """The pixels alone, turned as the camera had noted."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        turned = ImageOps.exif_transpose(picture)
        plain = Image.frombytes(turned.mode, turned.size, turned.tobytes())
        if turned.mode == "P" and turned.palette is not None:
            plain.putpalette(turned.palette)
        plain.save(out, kind)
    return out.getvalue()
