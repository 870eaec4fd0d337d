"""The first tables: rule-set versions, the draft, content.

Revision 0001, the first.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
EMPTY_DRAFT = '{"version":1}'
EMPTY_DRAFT_DIGEST = "2430f1a2ad2982d0067885488a4c89e21ad1d7c83b115ba8f1b20acc88dfaea8"


def upgrade() -> None:
    op.create_table(
        "ruleset_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("author", PLAIN, nullable=False),
        sa.Column("note", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ruleset_versions"),
    )
    op.create_table(
        "ruleset_history",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("action", PLAIN, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("author", PLAIN, nullable=False),
        sa.Column("note", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("epoch", name="pk_ruleset_history"),
        sa.ForeignKeyConstraint(["number"], ["ruleset_versions.number"], name="fk_ruleset_history_number"),
        sa.ForeignKeyConstraint(["previous"], ["ruleset_versions.number"], name="fk_ruleset_history_previous"),
        sa.CheckConstraint("action IN ('publish', 'rollback')", name=op.f("ck_ruleset_history_action")),
    )
    ruleset_head = op.create_table(
        "ruleset_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ruleset_head"),
        sa.ForeignKeyConstraint(["published"], ["ruleset_versions.number"], name="fk_ruleset_head_published"),
        sa.CheckConstraint("id = 1", name=op.f("ck_ruleset_head_single_row")),
    )
    draft = op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=True),
        sa.Column("author", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.CheckConstraint("id = 1", name=op.f("ck_draft_single_row")),
    )
    content_head = op.create_table(
        "content_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_content_head_single_row")),
    )
    op.create_table(
        "content_sources",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cursor", PLAIN, nullable=True),
        sa.Column("last_ok_at", INSTANT, nullable=True),
        sa.Column("last_error", PLAIN, nullable=True),
        sa.Column("last_error_at", INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_content_sources"),
    )
    op.create_table(
        "content_entries",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("locale", PLAIN, nullable=False),
        sa.Column("type", PLAIN, nullable=False),
        sa.Column("tags", PLAIN, nullable=False),
        sa.Column("fields", PLAIN, nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("version", PLAIN, nullable=True),
        sa.Column("links", PLAIN, nullable=False),
        sa.Column("origin", PLAIN, nullable=True),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "id", "locale", name="pk_content_entries"),
        sa.ForeignKeyConstraint(["source"], ["content_sources.source"], name="fk_content_entries_source"),
    )
    op.create_index("ix_content_entries_id", "content_entries", ["id"])
    op.create_table(
        "content_problems",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=True),
        sa.Column("locale", PLAIN, nullable=True),
        sa.Column("file", PLAIN, nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("reason", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_content_problems"),
        sa.ForeignKeyConstraint(["source"], ["content_sources.source"], name="fk_content_problems_source"),
    )
    op.create_index("ix_content_problems_source", "content_problems", ["source"])

    op.bulk_insert(ruleset_head, [{"id": 1, "last_number": 0, "epoch": 0, "published": None}])
    op.bulk_insert(content_head, [{"id": 1, "epoch": 0}])
    empty = {"document": EMPTY_DRAFT, "digest": EMPTY_DRAFT_DIGEST, "updated_at": None, "author": ""}
    op.bulk_insert(draft, [{"id": 1, "revision": 0, **empty}])


def downgrade() -> None:
    """Everything is lost: this is the first revision."""
    for table in (
        "content_problems",
        "content_entries",
        "content_sources",
        "content_head",
        "draft",
        "ruleset_head",
        "ruleset_history",
        "ruleset_versions",
    ):
        op.drop_table(table)
