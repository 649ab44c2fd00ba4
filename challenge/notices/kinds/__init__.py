"""The letters. A new one is a file here and one line in `KINDS`."""

from challenge.notices.kinds import award, not_eligible, regret, reserve
from challenge.notices.kinds.shape import Kind

KINDS: tuple[Kind, ...] = (award.KIND, reserve.KIND, regret.KIND, not_eligible.KIND)


def kind_of(code: str) -> Kind:
    """The letter of that code. Raises `KeyError` when there is none."""
    return {kind.code: kind for kind in KINDS}[code]


def kind_for(outcome: str) -> Kind:
    """The letter that tells an outcome: award, reserve, decline, not-eligible."""
    return {kind.outcome: kind for kind in KINDS}[outcome]
