"""Attachments as real files: letters of support as PDF, budgets as XLSX, a picture of the place as PNG."""

import io
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from PIL import Image, ImageDraw

from challenge.foundation.i18n import country_name, speaking
from challenge.notices.documents import Answer, AnswerSection, Brand, ProposalCopy
from challenge.notices.documents import proposal as proposal_document
from challenge.notices.pdf import make


def budget(proposal: Mapping[str, Any]) -> bytes:
    """The budget of a proposal as a workbook with a sum."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("Budget")
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0"})
    if proposal["language"] == "ar":
        sheet.right_to_left()
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 3, 16)
    for column, title in enumerate(("Item", "Category", "Source", proposal["budget"]["currency"])):
        sheet.write_string(0, column, title, bold)
    lines = proposal["budget"]["lines"]
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line["item"])
        sheet.write_string(row, 1, line["category"])
        sheet.write_string(row, 2, line["source"])
        sheet.write_number(row, 3, float(Decimal(str(line["amount"]))), money)
    sheet.write_string(len(lines) + 1, 0, "Total", bold)
    sheet.write_formula(len(lines) + 1, 3, f"=SUM(D2:D{len(lines) + 1})", money)
    book.close()
    return out.getvalue()


def picture(proposal: Mapping[str, Any]) -> bytes:
    """A drawing of the place: hills, a line of poles, a sun; each proposal has its own shapes."""
    seed = sum(map(ord, proposal["id"] + proposal["place"]["country"]))
    image = Image.new("RGB", (1200, 750), (238, 245, 245))
    draw = ImageDraw.Draw(image)
    draw.ellipse((820 + seed % 120, 90, 960 + seed % 120, 230), fill=(214, 158, 46))
    for layer, colour in enumerate(((176, 203, 206), (90, 143, 152), (11, 92, 107))):
        base = 380 + layer * 95
        points = [(0, 750)]
        for step in range(0, 1201, 60):
            points.append((step, base + ((seed * (layer + 3) + step * step // 97) % 90) - 45))
        points.append((1200, 750))
        draw.polygon(points, fill=colour)
    for pole in range(6):
        x = 90 + pole * 200
        draw.line((x, 560, x, 660), fill=(238, 245, 245), width=6)
        draw.line((x - 24, 575, x + 24, 575), fill=(238, 245, 245), width=5)
        if pole:
            draw.line((x - 200, 575, x, 575), fill=(238, 245, 245), width=2)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


LETTER = {
    "en": (
        "Letter of support",
        "To the secretariat of the challenge",
        "We know the proposal “{title}” and support it. Our part in it: {role}. We shall provide the people and the time that this takes for the whole duration, and we agree that our name is given to those who judge.",
    ),
    "fr": (
        "Lettre de soutien",
        "Au secrétariat du défi",
        "Nous connaissons la proposition « {title} » et nous la soutenons. Notre part : {role}. Nous y affecterons les personnes et le temps nécessaires pendant toute sa durée, et nous acceptons que notre nom soit communiqué au jury.",
    ),
    "es": (
        "Carta de apoyo",
        "A la secretaría del desafío",
        "Conocemos la propuesta «{title}» y la apoyamos. Nuestra parte: {role}. Aportaremos las personas y el tiempo necesarios durante toda su ejecución y aceptamos que nuestro nombre se comunique al comité de evaluación.",
    ),
    "ar": (
        "رسالة دعم",
        "إلى أمانة التحدي",
        "نحن على علم بالمقترح «{title}» وندعمه. ودورنا فيه: {role}. وسنخصص له ما يلزم من أشخاص ووقت طوال مدته، ونوافق على إطلاع لجنة التحكيم على اسمنا.",
    ),
}


def letter(proposal: Mapping[str, Any], partner: Mapping[str, Any], number: str, written: datetime) -> bytes:
    """A partner's letter of support as a tagged PDF, in the language of the proposal."""
    lang = proposal["language"]
    title, to, body = LETTER[lang]
    text = body.replace("{title}", proposal["answers"]["title"].strip()).replace("{role}", partner["role"])
    with speaking(lang):
        signature = f"{partner['name']}, {country_name(partner['country'])}"
        copy = ProposalCopy(
            number=number,
            title=title,
            organization=partner["name"],
            call_title=to,
            submitted_at=written,
            printed_at=written,
            sections=(
                AnswerSection(
                    label=title, answers=(Answer(label=to, text=text), Answer(label=signature, text=title))
                ),
            ),
        )
        return make(proposal_document(copy, Brand(organizer=partner["name"]), lang=lang))
