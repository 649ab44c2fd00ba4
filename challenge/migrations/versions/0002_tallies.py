"""Indexes from which lists count and average reviews."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_tally", ["proposal_id", "stage_id", "removed_at"], unique=False)

    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_proposal_id"))
        batch_op.create_index(
            "ix_review_tally", ["proposal_id", "stage_id", "state", "overall"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index("ix_review_tally")
        batch_op.create_index(batch_op.f("ix_review_proposal_id"), ["proposal_id"], unique=False)

    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_assignment_tally")
