"""Who is looking. Made once per request by the gate, and anew by every job, mail and export."""

from dataclasses import dataclass, field
from uuid import UUID

from challenge.accounts.models import RoleName, Scope
from challenge.accounts.permissions import MATRIX, OWN, REVIEWING, STAFF, Can


@dataclass(frozen=True, slots=True)
class HeldRole:
    name: RoleName
    scope: Scope
    scope_id: UUID | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """`scopes` and `call_ids` narrow what a token may do; None means that nothing narrows it."""

    person_id: UUID | None = None
    name: str = ""
    email: str = ""
    language: str = "en"
    zone: str = "UTC"
    is_confirmed: bool = False
    roles: tuple[HeldRole, ...] = ()
    via: str = "web"
    scopes: frozenset[str] | None = None
    is_system: bool = field(default=False)

    @property
    def is_anyone(self) -> bool:
        return self.person_id is not None

    @property
    def is_staff(self) -> bool:
        return any(role.name in STAFF for role in self.roles)

    @property
    def is_reviewer(self) -> bool:
        return any(role.name in REVIEWING for role in self.roles)

    @property
    def is_applicant(self) -> bool:
        return self.is_anyone and not self.is_staff and not self.is_reviewer

    def can(
        self,
        permission: Can,
        *,
        programme_id: UUID | None = None,
        call_id: UUID | None = None,
        panel_id: UUID | None = None,
    ) -> bool:
        """Whether a role gives the permission for that scope; without a scope, whether any role gives it at all."""
        if self.is_system:
            return True
        if self.scopes is not None and permission.value not in self.scopes:
            return False
        if permission in OWN:
            return self.is_anyone
        if not self.is_confirmed:
            return False
        asked = {Scope.PROGRAMME: programme_id, Scope.CALL: call_id, Scope.PANEL: panel_id}
        is_anywhere = programme_id is None and call_id is None and panel_id is None
        return any(
            permission in MATRIX[role.name]
            and (is_anywhere or role.scope == Scope.SITE or role.scope_id == asked.get(role.scope))
            for role in self.roles
            if is_anywhere or role.scope == Scope.SITE or asked.get(role.scope) is not None
        )

    def scopes_of(self, permission: Can) -> "Reach":
        """Where a permission holds: everywhere, or for these programmes and calls."""
        if self.is_system:
            return Reach(True)
        if not self.is_confirmed or (self.scopes is not None and permission.value not in self.scopes):
            return Reach(False)
        holding = [role for role in self.roles if permission in MATRIX[role.name]]
        return Reach(
            any(role.scope == Scope.SITE for role in holding),
            tuple(r.scope_id for r in holding if r.scope == Scope.PROGRAMME and r.scope_id),
            tuple(r.scope_id for r in holding if r.scope == Scope.CALL and r.scope_id),
            tuple(r.scope_id for r in holding if r.scope == Scope.PANEL and r.scope_id),
        )


@dataclass(frozen=True, slots=True)
class Reach:
    everywhere: bool
    programme_ids: tuple[UUID, ...] = ()
    call_ids: tuple[UUID, ...] = ()
    panel_ids: tuple[UUID, ...] = ()


NOBODY = Viewer()


def for_command(name: str = "command") -> Viewer:
    """Somebody at the machine itself: may do everything, and the record says so."""
    return Viewer(via=name, is_system=True, is_confirmed=True, name=name)
