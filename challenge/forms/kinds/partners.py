import re
from typing import Any, ClassVar, TypedDict

from challenge.calls.vocabularies import label, vocabulary
from challenge.forms.definition import Json, Question
from challenge.forms.kinds.choice import Choice, vocabulary_choices
from challenge.forms.kinds.kind import NOTHING, Shown, cells, line
from challenge.forms.kinds.place import countries, country_codes
from challenge.forms.kinds.rows import Row, Rows
from challenge.forms.kinds.typed import Form, is_ticked, line_typed, typed
from challenge.forms.kinds.yes_no import yes_or_no
from challenge.foundation.i18n import Text, _, country_name, language, speaking

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Partner(TypedDict, total=False):
    name: str
    organization_type: str
    country: str
    role: str
    email: str
    letter_of_support: bool


class Partners(Rows):
    """Organizations that take part: who, of which type, where, with which role. Who confirmed is not here."""

    code = "partners"
    shape: ClassVar[Any] = list[Partner]

    def read_row(self, form: Form, prefix: str, question: Question) -> Row:
        return {
            "name": line_typed(form, f"{prefix}.name"),
            "organization_type": typed(form, f"{prefix}.organization_type"),
            "country": typed(form, f"{prefix}.country"),
            "role": line_typed(form, f"{prefix}.role"),
            "email": line_typed(form, f"{prefix}.email"),
            "letter_of_support": is_ticked(form, f"{prefix}.letter_of_support"),
        }

    def list_of_types(self, question: Question) -> str:
        return question.vocabulary or "organization-types"

    def types(self, question: Question, lang: str | None = None) -> tuple[Choice, ...]:
        groups = vocabulary_choices(self.list_of_types(question), lang or language())
        return tuple(choice for _group, choices in groups for choice in choices)

    def countries(self, lang: str | None = None) -> tuple[Choice, ...]:
        return countries(lang or language())

    def row_faults(self, row: Row, n: int, question: Question) -> list[Text]:
        found = []
        if (kind := row.get("organization_type")) and kind not in vocabulary(
            self.list_of_types(question)
        ).codes:
            found.append(
                _("Partner {line}: “{found}” is not in the list of types.", line=line(n), found=kind)
            )
        if (country := row.get("country")) and country not in country_codes():
            found.append(
                _("Partner {line}: “{found}” is not in the list of countries.", line=line(n), found=country)
            )
        if (email := row.get("email")) and not _EMAIL.fullmatch(email):
            found.append(
                _(
                    "Partner {line}: write an e-mail address, such as name@example.org. You wrote “{found}”.",
                    line=line(n),
                    found=email,
                )
            )
        return found

    def row_shortfalls(self, row: Row, n: int, question: Question) -> list[Text]:
        found = []
        if not row.get("name"):
            found.append(_("Partner {line}: write the name of the organization.", line=line(n)))
        if not row.get("organization_type"):
            found.append(_("Partner {line}: choose the type of organization.", line=line(n)))
        if not row.get("country"):
            found.append(_("Partner {line}: choose the country.", line=line(n)))
        if not row.get("role"):
            found.append(_("Partner {line}: write what it does in the proposal.", line=line(n)))
        return found

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if not value:
            return NOTHING
        types = self.list_of_types(question)
        with speaking(lang or language()):
            head = [_("Organization"), _("Type"), _("Country"), _("Role"), _("Letter of support")]
            return {
                "form": "table",
                "head": [str(cell) for cell in head],
                "rows": [
                    [
                        row.get("name", ""),
                        label(types, row["organization_type"], lang) if row.get("organization_type") else "",
                        country_name(row.get("country"), lang),
                        row.get("role", ""),
                        yes_or_no(bool(row.get("letter_of_support")), lang),
                    ]
                    for row in value
                ],
                "foot": [],
            }

    def export(self, value: Json, question: Question) -> str | list[str]:
        parts = ("name", "organization_type", "country", "role")
        return [cells([row.get(part) for part in parts]) for row in value or []]

    def text_for_search(self, value: Json) -> str:
        return "\n".join(row[part] for row in value or [] for part in ("name", "role") if row.get(part))
