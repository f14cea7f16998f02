"""The settings of the review queue."""

from pydantic import Field, SecretStr

from ...models.settings import Section


class ReviewSettings(Section):
    """The queue in which flags wait for a person."""

    database: SecretStr | None = Field(
        None,
        description="database of the reviews, as an SQLAlchemy URL (PostgreSQL needs the extra "
        "`postgres`); default: a file in the output folder",
    )
    claim_s: float = Field(300.0, gt=0, description="seconds until an unused claim lapses")
    undo_s: float = Field(600.0, ge=0, description="seconds in which a vote can be taken back")
    around_s: float = Field(
        5.0, ge=0, le=60, description="seconds of sound played before and after a flag"
    )
    second_share: float = Field(
        0.1, ge=0, le=1, description="share of flags that ask for a second opinion by themselves"
    )
    live_lead_min: float = Field(
        60.0, ge=0, description="minutes by which a call that still runs goes before others"
    )
    strength_lead_min: float = Field(
        10.0, ge=0, description="minutes by which a flag of 100 points goes before one of 0"
    )
    second_lag_min: float = Field(
        30.0, ge=0, description="minutes by which second opinions stand behind first ones"
    )
