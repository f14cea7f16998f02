"""The tables of the reviews.

Reviews are the truth, not an index: nothing here can be made again from the session folders.
Moments are UTC milliseconds.
"""

from typing import Final

import sqlalchemy as sa

SCHEMA_VERSION: Final = 1

META = sa.MetaData()
SCHEMA = sa.Table("review_schema", META, sa.Column("version", sa.Integer, primary_key=True))
FLAGS = sa.Table(
    "review_flags",
    META,
    sa.Column("session", sa.String, primary_key=True),
    sa.Column("episode", sa.String, primary_key=True),
    sa.Column("leg", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("stop", sa.Integer, nullable=False),
    sa.Column("strength", sa.Float, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("second", sa.Boolean, nullable=False),
    sa.Column("votes", sa.Integer, nullable=False),
    sa.Column("wanted", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.String),
    sa.Column("decided_at", sa.BigInteger),
    sa.Column("claimed_by", sa.String),
    sa.Column("claimed_until", sa.BigInteger, nullable=False),
    sa.Column("presence", sa.String, nullable=False),
    sa.Index("review_queue", "presence", "wanted", "due"),
)
"""`start`, `stop`: frames. `second`: two opinions were asked for. `wanted`: a vote is missing.
`presence`: `there`; `away` (its session is not in the output folder now); `erased` (deleted, or
consent withdrawn: only what names nobody is left, and that only of flags that had votes)."""
VOTES = sa.Table(
    "review_votes",
    META,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("session", sa.String, nullable=False),
    sa.Column("episode", sa.String, nullable=False),
    sa.Column("reviewer", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("undone_at", sa.BigInteger),
    sa.ForeignKeyConstraint(
        ["session", "episode"], ["review_flags.session", "review_flags.episode"]
    ),
    sa.Index(
        "review_one_vote_each",
        "session",
        "episode",
        "reviewer",
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    ),
)
"""`blind`: whether the reviewer had not seen the model's answer. A vote taken back stays."""
