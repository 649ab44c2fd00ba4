"""Values of letters and documents, smallest valid and long real ones."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from challenge.notices.documents import (
    Answer,
    AnswerSection,
    Brand,
    Criterion,
    Document,
    FileLine,
    Hashed,
    ProposalCopy,
    Question,
    QuestionSection,
    QuestionSheet,
    Receipt,
    ScoreLine,
    Scores,
    notice,
    record_of,
)
from challenge.notices.kinds import kind_of
from challenge.notices.records import AuditHead

ISSUED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
VERIFY_URL = "https://awards.example.org/v/7Q4MX-K2XDH-9TRAB"
DIGEST = "8f1d3ab277c0e94b5d6601fea2c94410c07a9e214b18d3f56690aa3107de52cb"

ORGANIZERS = {
    "en": ("International Labour Organization", "Climate Action for Jobs initiative"),
    "fr": ("Organisation internationale du Travail", "Initiative « Action climatique pour l’emploi »"),
    "es": ("Organización Internacional del Trabajo", "Iniciativa Acción Climática para el Empleo"),
    "ar": ("منظمة العمل الدولية", "مبادرة العمل المناخي من أجل الوظائف"),
}
CALLS = {
    "en": "ILO Just Energy Transition Innovation Challenge",
    "fr": "Défi de l’OIT « Innover pour une transition énergétique juste »",
    "es": "Desafío de innovación de la OIT para una transición energética justa",
    "ar": "تحدي الابتكار لمنظمة العمل الدولية من أجل انتقال عادل في مجال الطاقة",
}
PROPOSALS = {
    "en": (
        "Rudinci Cantonal Employment Service",
        "After the shaft: a local employment partnership for a coal mine that will close",
        "Marija Petrović",
    ),
    "fr": (
        "Fédération des travailleurs de l’énergie du Littoral",
        "Négocier la conversion : un accord type pour le passage des centrales diesel au solaire",
        "Aïssatou Ndiaye",
    ),
    "es": (
        "Fundación Luz de la Comarca",
        "Luz de la Comarca: energía sostenible para la inclusión económica y social",
        "Yaneth Rodríguez",
    ),
    "ar": (
        "تعاونية نساء وادي الريّان للطاقة الشمسية",
        "شمس تُدار بأيدينا: تعاونية نسائية لتشغيل مضخات الري الشمسية وصيانتها",
        "سلمى الحداد",
    ),
}
TYPES = {
    "en": ("Technical support", "Network membership", "Recognition"),
    "fr": ("Appui technique", "Adhésion au réseau", "Reconnaissance"),
    "es": ("Apoyo técnico", "Pertenencia a la red", "Reconocimiento"),
    "ar": ("دعم تقني", "عضوية الشبكة", "تقدير"),
}
RULES = {
    "en": "The organization has existed for at least two calendar years on the closing date.",
    "fr": "L’organisation existe depuis au moins deux années civiles à la date de clôture.",
    "es": "La organización existe desde hace al menos dos años naturales en la fecha de cierre.",
    "ar": "أن تكون المنظمة قائمة منذ سنتين تقويميتين على الأقل في تاريخ إقفال باب التقديم.",
}


def letter_values(lang: str = "en", **changed: Any) -> dict[str, Any]:
    organizer, programme = ORGANIZERS[lang]
    organization, title, recipient = PROPOSALS[lang]
    return {
        "recipient": recipient,
        "organization": organization,
        "organizer": organizer,
        "programme": programme,
        "call_title": CALLS[lang],
        "proposal_id": "JET-2026-0002",
        "proposal_title": title,
        "amount": Decimal("46000"),
        "currency": "USD",
        "award_types": TYPES[lang],
        "accept_by": date(2026, 12, 11),
        "panel_on": date(2026, 11, 9),
        "decided_on": date(2026, 11, 16),
        "reserve_rank": 1,
        "reserve_until": date(2027, 6, 30),
        "rule_text": RULES[lang],
        "complaint_until": date(2026, 12, 20),
        **changed,
    }


def a_brand(lang: str = "en", **changed: Any) -> Brand:
    organizer, programme = ORGANIZERS[lang]
    return Brand(**{"organizer": organizer, "programme": programme, **changed})


def a_notice(
    kind: str = "award",
    lang: str = "en",
    *,
    number: str = "N-JET-2026-0002",
    verify_url: str = VERIFY_URL,
    demonstration: bool = True,
    brand: Brand | None = None,
    texts: dict[str, Any] | None = None,
    scores: Scores | None = None,
    signer: Any = None,
    **changed: Any,
) -> Document:
    values = letter_values(lang, **changed)
    letters = kind_of(kind).with_texts(texts)
    letter = letters.letter(values, lang)
    record = record_of(
        letters,
        letter,
        values,
        number=number,
        code=verify_url.rsplit("/", 1)[-1],
        verify_url=verify_url,
        issued_at=ISSUED,
        call_slug="ilo-just-energy-transition",
        ranking_digest=DIGEST,
        audit_head=AuditHead(412, DIGEST),
        demonstration=demonstration,
    )
    return notice(record, letter, brand or a_brand(lang), scores=scores, signer=signer)


def some_scores(lang: str = "en") -> Scores:
    names = {
        "en": ("Relevance", "Innovation", "Decent work and inclusion", "Feasibility"),
        "fr": ("Pertinence", "Innovation", "Travail décent et inclusion", "Faisabilité"),
        "es": ("Pertinencia", "Innovación", "Trabajo decente e inclusión", "Viabilidad"),
        "ar": ("الصلة بالموضوع", "الابتكار", "العمل اللائق والشمول", "قابلية التنفيذ"),
    }[lang]
    given = ((30, "84.5"), (25, "78"), (30, "91.2"), (15, "66.7"))
    return Scores(
        lines=tuple(
            ScoreLine(label=name, weight=Decimal(weight), score=Decimal(score))
            for name, (weight, score) in zip(names, given, strict=True)
        ),
        total=Decimal("82.2"),
    )


def a_receipt(lang: str = "en", **changed: Any) -> Receipt:
    organization, title, person = PROPOSALS[lang]
    labels = QUESTION_LABELS[lang]
    given: dict[str, Any] = {
        "number": "R-0183-2",
        "call_title": CALLS[lang],
        "proposal_number": "JET-2026-0183",
        "proposal_title": title,
        "organization": organization,
        "sent_by": person,
        "received_at": datetime(2026, 2, 16, 11, 52, 7, tzinfo=UTC),
        "closes_at": datetime(2026, 2, 28, 22, 59, tzinfo=UTC),
        "zone": "Europe/Zurich",
        "sheet_digest": DIGEST,
        "answers": tuple(Hashed(label, DIGEST[n:] + DIGEST[:n]) for n, label in enumerate(labels)),
        "files": (
            FileLine(name="certificate-2019.pdf", size=245_311, digest=DIGEST[::-1]),
            FileLine(name="خطاب دعم من البلدية.pdf", size=3_400_000, digest=DIGEST[5:] + DIGEST[:5]),
        ),
        "audit_head": AuditHead(1207, DIGEST),
        "seal": "ed25519:5Jm3vQ0p9cWmO2m1YtQ4Zk7b8G1tH0nXv5r2kq1w8bJ3s6fYpQeVtL4aZc9dNuR7",
        "verify_url": "https://awards.example.org/r/R7Q4M-XK2XD-H9TRA",
    }
    return Receipt(**{**given, **changed})


QUESTION_LABELS = {
    "en": (
        "Title of your proposal",
        "Summary",
        "What is the problem, and for whom?",
        "What do you want to try, and what is new about it?",
    ),
    "ar": (
        "عنوان المقترح",
        "ملخص",
        "ما هي المشكلة، ومن الذي يعانيها؟",
        "ما الذي تريدون تجربته، وما الجديد فيه؟",
    ),
}


def a_question_sheet(lang: str = "en", **changed: Any) -> QuestionSheet:
    said = SHEETS[lang]
    labels = QUESTION_LABELS[lang]
    questions = (
        Question(
            number="1.1",
            label=labels[0],
            help=said["help"],
            kind=said["short"],
            required=True,
            limits=(said["limit_20"],),
            public=True,
        ),
        Question(
            number="1.2",
            label=labels[2],
            help=said["help_long"],
            kind=said["long"],
            required=True,
            limits=(said["limit_300"],),
            judged_by=said["criteria"][:1],
        ),
        Question(number="1.3", label=said["place"], kind=said["choice"], options=said["options"]),
    )
    given: dict[str, Any] = {
        "call_title": CALLS[lang],
        "intro": said["intro"],
        "closes_at": datetime(2026, 2, 28, 22, 59, tzinfo=UTC),
        "zone": "Europe/Zurich",
        "address": "https://challenge.example.org/calls/ilo-just-energy-transition",
        "sections": tuple(
            QuestionSection(label=label, intro=said["section_intro"], questions=questions)
            for label in said["sections"]
        ),
        "criteria": tuple(
            Criterion(label=label, weight=Decimal(50), text=said["criterion_text"])
            for label in said["criteria"]
        ),
        "printed_at": datetime(2026, 1, 10, 8, 0, tzinfo=UTC),
        "identifier": "questions ilo-just-energy-transition 1.0",
    }
    return QuestionSheet(**{**given, **changed})


SHEETS: dict[str, dict[str, Any]] = {
    "en": {
        "help": "A title that somebody outside your field understands.",
        "help_long": "Describe the people, enterprises or communities affected by the change of energy, and how you "
        "know it. Give figures if you have them, and their source.",
        "short": "Short text",
        "long": "Long text",
        "choice": "Choice of one",
        "limit_20": "at most 20 words",
        "limit_300": "150 to 300 words",
        "place": "Where would you work?",
        "options": ("A coal region", "An oil or gas region", "A place without electricity"),
        "criteria": ("Relevance", "Innovation"),
        "criterion_text": "Who gains and who could lose is named, with figures and their source.",
        "sections": ("Your idea", "People and work"),
        "section_intro": "Begin with the people.",
        "intro": "Tell us about one idea and one place. You need not have tested everything.",
    },
    "ar": {
        "help": "عنوان يفهمه من هو خارج مجال عملكم.",
        "help_long": "صفوا الأشخاص أو المنشآت أو المجتمعات المحلية المتأثرة بتغير الطاقة، وكيف عرفتم ذلك. "
        "اذكروا الأرقام إن وُجدت مع مصدرها.",
        "short": "نص قصير",
        "long": "نص طويل",
        "choice": "اختيار واحد",
        "limit_20": "٢٠ كلمة على الأكثر",
        "limit_300": "من ١٥٠ إلى ٣٠٠ كلمة",
        "place": "أين ستعملون؟",
        "options": ("منطقة فحم", "منطقة نفط أو غاز", "مكان لا تصله الكهرباء"),
        "criteria": ("الصلة بالموضوع", "الابتكار"),
        "criterion_text": "يذكر المقترح من يستفيد ومن قد يخسر، بالأرقام ومصدرها.",
        "sections": ("فكرتكم", "الناس والعمل"),
        "section_intro": "ابدؤوا بالناس.",
        "intro": "حدثونا عن فكرة واحدة ومكان واحد. ولا يلزم أن تكونوا قد جربتم كل شيء.",
    },
}


def a_proposal_copy(lang: str = "en", **changed: Any) -> ProposalCopy:
    organization, title, _person = PROPOSALS[lang]
    labels = QUESTION_LABELS[lang]
    said = ANSWERS[lang]
    given: dict[str, Any] = {
        "number": "JET-2026-0183",
        "title": title,
        "organization": organization,
        "call_title": CALLS[lang],
        "submitted_at": datetime(2026, 2, 16, 11, 52, 7, tzinfo=UTC),
        "zone": "Europe/Zurich",
        "printed_at": datetime(2026, 2, 17, 8, 0, tzinfo=UTC),
        "version": "2",
        "sections": (
            AnswerSection(
                label=said["section"],
                answers=(
                    Answer(label=labels[0], text=title),
                    Answer(label=labels[2], text=said["text"]),
                    Answer(label=said["goals"], items=said["items"]),
                    Answer(label=labels[3]),
                ),
            ),
            AnswerSection(
                label=said["budget"],
                answers=(
                    Answer(label=said["budget"], columns=said["columns"], rows=said["rows"]),
                    Answer(
                        label=said["letters"],
                        files=(FileLine(name="Letter of the mayor.pdf", size=245_311, digest=DIGEST),),
                    ),
                ),
            ),
        ),
    }
    return ProposalCopy(**{**given, **changed})


ANSWERS: dict[str, dict[str, Any]] = {
    "en": {
        "section": "Your idea",
        "text": "The mine at Rudinci employs 1,140 people and closes in four years.\n\nNobody has asked them what "
        "they can do and what they would like to learn. We would ask first, before the notice periods run.",
        "goals": "Sustainable Development Goals",
        "items": ("7 Affordable and clean energy", "8 Decent work and economic growth"),
        "budget": "Budget",
        "columns": ("Item", "Category", "Amount"),
        "rows": (
            ("Careers guidance, 60 days", "Experts", "USD 18,500"),
            ("Two workshops", "Training", "USD 8,000"),
        ),
        "letters": "Letters of support",
    },
    "ar": {
        "section": "فكرتكم",
        "text": "في وادي الريّان تعمل ٢١٤ مضخة على الديزل، ويشغّلها رجال يتقاضون أجرهم عن كل موسم.\n\nوحين تصل "
        "المضخات الشمسية (solar pumps) يفقد هؤلاء عملهم، ولم يسألهم أحد عمّا يستطيعون فعله بعدها.",
        "goals": "أهداف التنمية المستدامة",
        "items": ("٧ طاقة نظيفة وبأسعار معقولة", "٨ العمل اللائق ونمو الاقتصاد"),
        "budget": "الميزانية",
        "columns": ("البند", "الفئة", "المبلغ"),
        "rows": (
            ("خبيرة في التعاونيات، ٤٠ يومًا", "الخبراء", "١٨٬٥٠٠ دولار"),
            ("ورشتا عمل", "التدريب", "٨٬٠٠٠ دولار"),
        ),
        "letters": "خطابات الدعم",
    },
}
