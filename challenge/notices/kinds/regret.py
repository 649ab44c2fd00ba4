"""The letter to a proposal that was read and not selected."""

from challenge.notices.kinds.phrases import (
    DEMONSTRATION_LINE,
    SALUTATION,
    SCORE,
    WRITE_UNTIL,
    YOURS_SINCERELY,
)
from challenge.notices.kinds.shape import FactShown, Kind

KIND = Kind(
    code="regret",
    outcome="decline",
    fields=("recipient", "organization", "proposal_id", "proposal_title", "decided_on", "complaint_until"),
    facts=(
        FactShown(
            "decided_on",
            {"en": "Decided on", "fr": "Décision du", "es": "Decisión del", "ar": "تاريخ القرار"},
        ),
        FactShown("complaint_until", WRITE_UNTIL),
        FactShown("score", SCORE),
    ),
    subject={
        "en": "Decision on your proposal {proposal_id}",
        "fr": "Décision relative à votre proposition {proposal_id}",
        "es": "Decisión sobre su propuesta {proposal_id}",
        "ar": "القرار بشأن مقترحكم {proposal_id}",
    },
    title={
        "en": "Notice of decision",
        "fr": "Avis de décision",
        "es": "Notificación de la decisión",
        "ar": "إشعار بالقرار",
    },
    headline={
        "en": "Your proposal\nwas not selected",
        "fr": "Votre proposition\nn’a pas été retenue",
        "es": "Su propuesta\nno ha sido seleccionada",
        "ar": "لم يقع الاختيار\nعلى مقترحكم",
    },
    salutation=SALUTATION,
    paragraphs={
        "en": (
            "Thank you for your proposal “{proposal_title}”. The panel has read it with care and has not "
            "selected it for an award.",
            "The reasons and the remarks of the reviewers are on your page in the portal. We hope that they "
            "are of use to you and your partners. If you think that a rule of the call was not observed, "
            "you may write to us until {complaint_until}.",
        ),
        "fr": (
            "Nous vous remercions de votre proposition « {proposal_title} ». Le jury l’a lue avec attention "
            "et ne l’a pas retenue.",
            "Les motifs et les observations des évaluateurs figurent sur votre page du portail. Nous "
            "espérons qu’ils vous seront utiles, ainsi qu’à vos partenaires. Si vous estimez qu’une règle "
            "de l’appel n’a pas été respectée, vous pouvez nous écrire jusqu’au {complaint_until}.",
        ),
        "es": (
            "Le agradecemos su propuesta «{proposal_title}». El comité la leyó con atención y no la ha "
            "seleccionado.",
            "Los motivos y las observaciones de las personas evaluadoras figuran en su página del portal. "
            "Confiamos en que les sean útiles a ustedes y a sus socios. Si considera que no se respetó "
            "alguna norma de la convocatoria, puede escribirnos hasta el {complaint_until}.",
        ),
        "ar": (
            "نشكركم على مقترحكم «{proposal_title}». وقد قرأته اللجنة بعناية ولم يقع عليه الاختيار.",
            "وتجدون الأسباب وملاحظات المقيّمين على صفحتكم في المنصة، ونأمل أن تعود بالفائدة عليكم وعلى "
            "شركائكم. وإذا رأيتم أن إحدى قواعد الدعوة لم تُحترم، فبإمكانكم الكتابة إلينا حتى "
            "{complaint_until}.",
        ),
    },
    closing=YOURS_SINCERELY,
    demonstration_line=DEMONSTRATION_LINE,
)
