"""The letter to a winner."""

from challenge.notices.kinds.phrases import DEMONSTRATION_LINE, SALUTATION, SCORE
from challenge.notices.kinds.shape import FactShown, Kind

KIND = Kind(
    code="award",
    outcome="award",
    fields=("recipient", "organization", "proposal_id", "proposal_title", "decided_on", "accept_by"),
    facts=(
        FactShown(
            "amount",
            {"en": "Worth up to", "fr": "Valeur maximale", "es": "Valor máximo", "ar": "القيمة القصوى"},
        ),
        FactShown("award_types", {"en": "Award", "fr": "Récompense", "es": "Premio", "ar": "الجائزة"}),
        FactShown(
            "accept_by",
            {
                "en": "Accept by",
                "fr": "À accepter au plus tard le",
                "es": "Aceptar a más tardar el",
                "ar": "آخر موعد للقبول",
            },
        ),
        FactShown("score", SCORE),
    ),
    subject={
        "en": "Your proposal {proposal_id} has been selected",
        "fr": "Votre proposition {proposal_id} est retenue",
        "es": "Su propuesta {proposal_id} ha sido seleccionada",
        "ar": "اختيار مقترحكم {proposal_id}",
    },
    title={
        "en": "Award notice",
        "fr": "Avis d’attribution",
        "es": "Notificación de concesión",
        "ar": "إشعار بمنح جائزة",
    },
    headline={
        "en": "{organization}\nreceives an award",
        "fr": "{organization}\nreçoit une récompense",
        "es": "{organization}\nrecibe un premio",
        "ar": "منح جائزة إلى\n{organization}",
    },
    salutation=SALUTATION,
    paragraphs={
        "en": (
            "It is a pleasure to inform you that your proposal “{proposal_title}” has been selected in the "
            "call “{call_title}”. The recommendation of the independent panel was approved on {decided_on}.",
            (
                "{organization} will receive an award worth up to {amount} {currency}. What it consists of, "
                "and how it is delivered, is agreed with you.",
                "What the award consists of, and how it is delivered, is agreed with you.",
            ),
            "We ask you to confirm by {accept_by}, on your page in the portal, that you accept the award "
            "and its commitments. There you also find the written remarks of the panel. Until the public "
            "announcement we ask you to keep this news within your organization and its partners.",
        ),
        "fr": (
            "Nous avons le plaisir de vous informer que votre proposition « {proposal_title} » a été "
            "retenue dans le cadre de l’appel « {call_title} ». La recommandation du jury indépendant a été "
            "approuvée le {decided_on}.",
            (
                "{organization} bénéficiera d’une récompense d’une valeur maximale de {amount} {currency}. "
                "Sa composition et ses modalités sont définies avec vous.",
                "La composition de la récompense et ses modalités sont définies avec vous.",
            ),
            "Nous vous invitons à confirmer au plus tard le {accept_by}, sur votre page du portail, que "
            "vous acceptez la récompense et les engagements qui l’accompagnent. Vous y trouverez aussi les "
            "observations écrites du jury. D’ici à l’annonce publique, merci de réserver cette nouvelle à "
            "votre organisation et à ses partenaires.",
        ),
        "es": (
            "Nos complace comunicarle que su propuesta «{proposal_title}» ha sido seleccionada en la "
            "convocatoria «{call_title}». La recomendación del comité independiente fue aprobada el "
            "{decided_on}.",
            (
                "{organization} recibirá un premio por un valor de hasta {amount} {currency}. Su contenido "
                "y la forma de prestarlo se acuerdan con ustedes.",
                "El contenido del premio y la forma de prestarlo se acuerdan con ustedes.",
            ),
            "Le rogamos que confirme, a más tardar el {accept_by}, en su página del portal, que acepta el "
            "premio y los compromisos que conlleva. Allí encontrará también las observaciones escritas del "
            "comité. Hasta el anuncio público, le pedimos que comparta esta noticia únicamente dentro de su "
            "organización y con sus socios.",
        ),
        "ar": (
            "يسعدنا إبلاغكم بأن مقترحكم «{proposal_title}» قد وقع عليه الاختيار في إطار الدعوة "
            "«{call_title}». وقد اعتُمدت توصية اللجنة المستقلة في {decided_on}.",
            (
                "وستحصل {organization} على جائزة تصل قيمتها إلى {amount} {currency}. ويُتفق معكم على "
                "مضمونها وكيفية تقديمها.",
                "ويُتفق معكم على مضمون الجائزة وكيفية تقديمها.",
            ),
            "ونرجو منكم تأكيد قبول الجائزة والالتزامات المرتبطة بها عبر صفحتكم على المنصة في موعد أقصاه "
            "{accept_by}. وستجدون هناك أيضًا ملاحظات اللجنة المكتوبة. ونرجو أن يبقى هذا الخبر داخل منظمتكم "
            "وبين شركائكم إلى حين الإعلان الرسمي.",
        ),
    },
    closing={
        "en": "With our congratulations,",
        "fr": "Avec toutes nos félicitations,",
        "es": "Con nuestra felicitación,",
        "ar": "مع أطيب التهاني،",
    },
    demonstration_line=DEMONSTRATION_LINE,
)
