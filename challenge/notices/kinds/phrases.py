"""Words that several letters share."""

SALUTATION = {
    "en": "Dear {recipient},",
    "fr": "À l’attention de {recipient}",
    "es": "A la atención de {recipient}:",
    "ar": "إلى عناية {recipient}، تحية طيبة وبعد،",
}

YOURS_SINCERELY = {
    "en": "Yours sincerely,",
    "fr": "Veuillez agréer nos salutations distinguées.",
    "es": "Atentamente,",
    "ar": "مع خالص التقدير،",
}

DEMONSTRATION_LINE = {
    "en": "Demonstration document. It was not issued by the organization named on it.",
    "fr": "Document de démonstration. Il n’émane pas de l’organisation qui y est nommée.",
    "es": "Documento de demostración. No ha sido emitido por la organización que en él se nombra.",
    "ar": "وثيقة للعرض التوضيحي، ولم تصدر عن الجهة المذكورة فيها.",
}

WRITE_UNTIL = {
    "en": "You may write to us until",
    "fr": "Vous pouvez nous écrire jusqu’au",
    "es": "Puede escribirnos hasta el",
    "ar": "يمكنكم الكتابة إلينا حتى",
}

SCORE = {
    "en": "Panel score",
    "fr": "Note du jury",
    "es": "Puntuación del comité",
    "ar": "درجة اللجنة",
}
