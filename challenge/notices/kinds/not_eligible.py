"""The letter to a proposal that could not be admitted."""

from challenge.notices.kinds.phrases import DEMONSTRATION_LINE, SALUTATION, WRITE_UNTIL, YOURS_SINCERELY
from challenge.notices.kinds.shape import FactShown, Kind

KIND = Kind(
    code="not-eligible",
    outcome="not-eligible",
    fields=(
        "recipient",
        "organization",
        "proposal_id",
        "proposal_title",
        "decided_on",
        "rule_text",
        "complaint_until",
    ),
    facts=(
        FactShown(
            "decided_on",
            {"en": "Decided on", "fr": "Décision du", "es": "Decisión del", "ar": "تاريخ القرار"},
        ),
        FactShown("complaint_until", WRITE_UNTIL),
    ),
    subject={
        "en": "Your proposal {proposal_id} could not be admitted",
        "fr": "Votre proposition {proposal_id} n’est pas recevable",
        "es": "Su propuesta {proposal_id} no ha podido admitirse",
        "ar": "تعذّر قبول مقترحكم {proposal_id}",
    },
    title={
        "en": "Notice on eligibility",
        "fr": "Avis sur la recevabilité",
        "es": "Notificación sobre la admisibilidad",
        "ar": "إشعار بشأن استيفاء الشروط",
    },
    headline={
        "en": "Your proposal\ncould not be admitted",
        "fr": "Votre proposition\nn’est pas recevable",
        "es": "Su propuesta\nno ha podido admitirse",
        "ar": "تعذّر قبول\nمقترحكم",
    },
    salutation=SALUTATION,
    paragraphs={
        "en": (
            "Your proposal “{proposal_title}” does not meet a condition of the call: {rule_text}",
            "This is not a judgement of your idea. If you think that the condition was applied wrongly, you "
            "may write to us until {complaint_until} and send the documents that show it.",
        ),
        "fr": (
            "Votre proposition « {proposal_title} » ne remplit pas une condition de l’appel : {rule_text}",
            "Il ne s’agit pas d’un jugement sur votre idée. Si vous estimez que la condition a été mal "
            "appliquée, vous pouvez nous écrire jusqu’au {complaint_until} en joignant les pièces qui "
            "l’établissent.",
        ),
        "es": (
            "Su propuesta «{proposal_title}» no cumple una condición de la convocatoria: {rule_text}",
            "No se trata de un juicio sobre su idea. Si considera que la condición se aplicó de forma "
            "incorrecta, puede escribirnos hasta el {complaint_until} y adjuntar los documentos que lo "
            "acrediten.",
        ),
        "ar": (
            "لا يستوفي مقترحكم «{proposal_title}» أحد شروط الدعوة، وهو: {rule_text}",
            "ولا يُعدّ ذلك حكمًا على فكرتكم. وإذا رأيتم أن الشرط طُبّق على نحو غير صحيح، فبإمكانكم الكتابة "
            "إلينا حتى {complaint_until} مع إرفاق الوثائق المؤيدة.",
        ),
    },
    closing=YOURS_SINCERELY,
    demonstration_line=DEMONSTRATION_LINE,
)
