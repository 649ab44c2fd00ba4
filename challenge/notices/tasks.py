from challenge.jobs.context import Task
from challenge.notices.issuing import issue, issue_one

tasks: dict[str, Task] = {"notices.issue": issue, "notices.issue_one": issue_one}
