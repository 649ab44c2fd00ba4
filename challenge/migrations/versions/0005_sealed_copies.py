"""Sealed copies of the files of a submission, objects of which no row knows, and questions that take a file again."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "sealedcopy",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("wanted_at", MOMENT(), nullable=False),
        sa.Column("sealed_at", MOMENT(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_sealedcopy_document_id", "sealedcopy", ["document_id"])
    op.create_table(
        "stray",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("seen_at", MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "slotreopening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("until", MOMENT(), nullable=False),
        sa.Column("closed_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id"),
    )
    op.create_index("ix_slotreopening_proposal_id", "slotreopening", ["proposal_id"])


def downgrade() -> None:
    op.drop_index("ix_slotreopening_proposal_id", table_name="slotreopening")
    op.drop_table("slotreopening")
    op.drop_table("stray")
    op.drop_index("ix_sealedcopy_document_id", table_name="sealedcopy")
    op.drop_table("sealedcopy")
