import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from tonewatch.stream.review.tables import META, VOTES


def test_only_votes_that_count_are_one_for_each_reviewer() -> None:
    (index,) = (one for one in VOTES.indexes if one.name == "review_one_vote_each")
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        made = str(CreateIndex(index).compile(dialect=dialect))
        assert "UNIQUE" in made
        assert made.endswith("WHERE undone_at IS NULL")


@pytest.mark.parametrize("table", META.tables.values(), ids=str)
def test_the_tables_keep_clear_of_other_people_s(table: sa.Table) -> None:
    assert table.name.startswith("review_")
