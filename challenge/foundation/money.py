"""An amount always stands with its currency."""

from dataclasses import dataclass
from decimal import Decimal

from challenge.foundation.i18n import format_amount


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return format_amount(self.amount, self.currency)
