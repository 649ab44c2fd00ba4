"""Files sent in parts: what was agreed with the sender, and what is known of a document besides its digest.

A document that was rejected is quarantined from now on. On SQLite a whole number is large enough as it is.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.String(length=60), nullable=False),
        sa.Column("once", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=1024), nullable=False),
        sa.Column("part_size", sa.Integer(), nullable=False),
        sa.Column("began_at", MOMENT(), nullable=False),
        sa.Column("touched_at", MOMENT(), nullable=False),
        sa.Column("ends_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("document_id"),
        sa.UniqueConstraint("person_id", "once"),
    )
    op.create_index("ix_upload_place_id", "upload", ["place_id"])
    op.create_index("ix_upload_touched_at", "upload", ["touched_at"])
    op.add_column("document", sa.Column("tree", sa.String(length=64), nullable=False, server_default=""))
    op.add_column(
        "document", sa.Column("sealed_key", sa.String(length=200), nullable=False, server_default="")
    )
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    op.add_column("document", sa.Column("flags", json, nullable=False, server_default="[]"))
    op.add_column("document", sa.Column("stored_at", MOMENT(), nullable=True))
    op.add_column("document", sa.Column("chain_id", sa.Uuid(), nullable=True))
    op.create_index("ix_document_state", "document", ["state"])
    op.execute("UPDATE document SET state = 'quarantined' WHERE state = 'rejected'")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("document", "size", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("document", "size", existing_type=sa.BigInteger(), type_=sa.Integer())
    op.execute("UPDATE document SET state = 'rejected' WHERE state IN ('quarantined', 'corrupt')")
    op.execute("UPDATE document SET state = 'stored' WHERE state NOT IN ('rejected', 'available')")
    op.drop_index("ix_document_state", table_name="document")
    for name in ("chain_id", "stored_at", "flags", "sealed_key", "tree"):
        op.drop_column("document", name)
    op.drop_index("ix_upload_touched_at", table_name="upload")
    op.drop_index("ix_upload_place_id", table_name="upload")
    op.drop_table("upload")
