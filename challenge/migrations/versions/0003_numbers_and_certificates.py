"""The last number of each series of notices, the certificate that signed each, numbers of proposals that no two share.

Series go on after the numbers given before. Of notices issued before, it is not known which certificate signed.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    series = op.create_table(
        "numberseries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stem", sa.String(length=30), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stem"),
    )
    last: dict[str, int] = {}
    for (number,) in op.get_bind().execute(sa.text("SELECT number FROM notice")):
        stem, dash, tail = number.rpartition("-")
        if tail.isdigit():
            last[stem + dash] = max(last.get(stem + dash, 0), int(tail))
    if last:
        op.bulk_insert(series, [{"id": uuid.uuid4(), "stem": stem, "last": n} for stem, n in last.items()])
    op.add_column(
        "notice", sa.Column("certificate_sha256", sa.String(length=64), nullable=False, server_default="")
    )
    op.create_index("ix_proposal_number", "proposal", ["number"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_proposal_number", table_name="proposal")
    op.drop_column("notice", "certificate_sha256")
    op.drop_table("numberseries")
