"""The most pages that the place of an upload takes, so that the check knows it whenever it runs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload", sa.Column("most_pages", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("upload") as table:
        table.drop_column("most_pages")
