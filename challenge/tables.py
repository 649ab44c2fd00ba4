"""Imports every table, so that migrations and tests know them all."""

from challenge.accounts import models as accounts
from challenge.announcements import models as announcements
from challenge.assignments import models as assignments
from challenge.audit import models as audit
from challenge.calls import models as calls
from challenge.decisions import models as decisions
from challenge.eligibility import models as eligibility
from challenge.files import models as files
from challenge.forms import models as forms
from challenge.jobs import models as jobs
from challenge.mail import models as mail
from challenge.notices import models as notices
from challenge.panels import models as panels
from challenge.proposals import models as proposals
from challenge.reviews import models as reviews
from challenge.rubrics import models as rubrics
from challenge.scoring import models as scoring

ROOMS = (
    accounts, announcements, assignments, audit, calls, decisions, eligibility, files, forms, jobs, mail, notices,
    panels, proposals, reviews, rubrics, scoring,
)  # fmt: skip
