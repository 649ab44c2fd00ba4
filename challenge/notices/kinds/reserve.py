"""The letter to a proposal that waits for an award to become free."""

from challenge.notices.kinds.phrases import DEMONSTRATION_LINE, SALUTATION, SCORE, YOURS_SINCERELY
from challenge.notices.kinds.shape import FactShown, Kind

KIND = Kind(
    code="reserve",
    outcome="reserve",
    fields=(
        "recipient",
        "organization",
        "proposal_id",
        "proposal_title",
        "decided_on",
        "reserve_rank",
        "reserve_until",
    ),
    facts=(
        FactShown(
            "reserve_rank",
            {
                "en": "Place on the reserve list",
                "fr": "Rang sur la liste de réserve",
                "es": "Puesto en la lista de reserva",
                "ar": "المرتبة على قائمة الاحتياط",
            },
        ),
        FactShown(
            "reserve_until",
            {"en": "Valid until", "fr": "Valable jusqu’au", "es": "Vigente hasta el", "ar": "سارية حتى"},
        ),
        FactShown("score", SCORE),
    ),
    subject={
        "en": "Your proposal {proposal_id} is on the reserve list",
        "fr": "Votre proposition {proposal_id} est inscrite sur la liste de réserve",
        "es": "Su propuesta {proposal_id} figura en la lista de reserva",
        "ar": "إدراج مقترحكم {proposal_id} على قائمة الاحتياط",
    },
    title={
        "en": "Reserve list",
        "fr": "Liste de réserve",
        "es": "Lista de reserva",
        "ar": "قائمة الاحتياط",
    },
    headline={
        "en": "Your proposal is\non the reserve list",
        "fr": "Votre proposition est inscrite\nsur la liste de réserve",
        "es": "Su propuesta figura\nen la lista de reserva",
        "ar": "إدراج مقترحكم\nعلى قائمة الاحتياط",
    },
    salutation=SALUTATION,
    paragraphs={
        "en": (
            "The panel judged your proposal “{proposal_title}” worthy of an award, but the number of awards "
            "did not suffice. It stands in place {reserve_rank} of the reserve list, which is valid until "
            "{reserve_until}.",
            "If an award becomes free, we shall write to you at once. The remarks of the panel are on your "
            "page in the portal; they also say what would strengthen the proposal.",
        ),
        "fr": (
            "Le jury a jugé votre proposition « {proposal_title} » digne d’une récompense, mais le nombre "
            "de récompenses n’a pas suffi. Elle occupe le rang {reserve_rank} de la liste de réserve, "
            "valable jusqu’au {reserve_until}.",
            "Si une récompense se libère, nous vous écrirons aussitôt. Les observations du jury figurent "
            "sur votre page du portail ; elles indiquent aussi ce qui renforcerait la proposition.",
        ),
        "es": (
            "El comité consideró que su propuesta «{proposal_title}» merecía un premio, pero el número de "
            "premios no fue suficiente. Ocupa el puesto {reserve_rank} de la lista de reserva, vigente "
            "hasta el {reserve_until}.",
            "Si queda libre un premio, le escribiremos de inmediato. Las observaciones del comité figuran "
            "en su página del portal e indican también qué reforzaría la propuesta.",
        ),
        "ar": (
            "رأت اللجنة أن مقترحكم «{proposal_title}» جدير بجائزة، غير أن عدد الجوائز لم يكن كافيًا. ويحتل "
            "مقترحكم المرتبة {reserve_rank} على قائمة الاحتياط السارية حتى {reserve_until}.",
            "وإذا شغرت إحدى الجوائز فسنكتب إليكم على الفور. وتجدون ملاحظات اللجنة على صفحتكم في المنصة، وهي "
            "تبيّن أيضًا ما من شأنه أن يعزز المقترح.",
        ),
    },
    closing=YOURS_SINCERELY,
    demonstration_line=DEMONSTRATION_LINE,
)
