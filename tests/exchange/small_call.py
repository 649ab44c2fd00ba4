"""The smallest call file, to be broken in one place at a time."""

SMALL = """\
id: small-call
prefix: SML
title: {en: "A small call", fr: "Un petit appel"}
programme: {slug: small-programme, title: {en: "Small", fr: "Petit"}}
organizer:
  name: {en: "Somebody", fr: "Quelqu’un"}
  organization_type: academia
languages: [en, fr]
zone: Europe/Zurich
summary: {en: "What it is about.", fr: "De quoi il s’agit."}
themes: [institutions-of-social-dialogue]
eligibility:
- code: age
  kind: organization-age
  minimum_months: 24
  text: {en: "Two years old.", fr: "Deux ans."}
budget_categories:
- {code: travel, label: {en: "Travel", fr: "Voyages"}}
budget_rules:
- {code: travel-share, kind: category-share-at-most, category: travel, percent: 15}
awards:
  types: [money]
  number: 3
  currency: USD
  per_award_max: 50000
stages:
- code: proposals
  label: {en: "Proposals", fr: "Propositions"}
  opens_at: 2027-01-11T09:00
  closes_at: 2027-02-28T17:00
  reviews_per_proposal: 3
timetable:
- {code: opening, date: 2027-01-11, label: {en: "Opens", fr: "Ouverture"}}
- {code: closing, date: 2027-02-28, label: {en: "Closes", fr: "Clôture"}}
forms:
  form:
    sections:
    - {code: idea, label: {en: "Idea", fr: "Idée"}}
    questions:
    - code: title
      section: idea
      kind: short-text
      label: {en: "Title", fr: "Titre"}
      criteria: [quality]
    - code: money
      section: idea
      kind: budget
      label: {en: "Money", fr: "Budget"}
rubrics:
  rubric:
    scale: {min: 0, max: 5, step: 0.5}
    criteria:
    - code: quality
      label: {en: "Quality", fr: "Qualité"}
      weight: 60
      threshold: 2.5
      anchors:
        0: {en: "None", fr: "Aucune"}
    - code: effect
      label: {en: "Effect", fr: "Effet"}
      weight: 40
    aggregation: {overall_threshold: 60}
    tie_break: [effect]
notices:
- kind: award
  subject: {en: "You won, {recipient}", fr: "Vous gagnez, {recipient}"}
"""


def broken(old: str, new: str) -> str:
    """The small call with one place changed; the place must be there once."""
    if SMALL.count(old) != 1:
        raise ValueError(f"{old!r} stands {SMALL.count(old)} times")
    return SMALL.replace(old, new)
