"""What goes in and out of the merchant's lists and the experiments."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, model_validator

from data.storefront import HOLDOUT
from decisions.recommendation.strategies import PlacementStrategy
from serving.http.recommendation.schemas import MOST_ITEMS, STRATEGY_TEXT, Id, Strict


class BoostIn(Strict):
    """Products that bear all labels given are worth `factor` times as much; below 1 buries."""

    factor: StrictFloat = Field(gt=0, le=1_000)
    product_id: Id | None = None
    category: str | None = Field(None, max_length=500, description="A path, with all below it.")
    brand: str | None = Field(None, max_length=500)

    @model_validator(mode="after")
    def _somewhat(self) -> "BoostIn":
        if self.product_id is None and self.category is None and self.brand is None:
            raise ValueError("product_id, category or brand: one of them must be given")
        return self


class ArmIn(Strict):
    """One way to answer; what is left out is as the question says."""

    name: str = Field(min_length=1, max_length=64)
    weight: StrictFloat = Field(1.0, gt=0, le=1e6, description="Its share among the arms.")
    personal: StrictBool = Field(True, description="False: what sells, for everybody the same.")
    diversity: StrictFloat | None = Field(None, ge=0, le=1)
    max_per_category: int | None = Field(None, ge=1)
    max_per_brand: int | None = Field(None, ge=1)
    boosts: list[BoostIn] = Field(default_factory=list, max_length=200)


class PlacementIn(Strict):
    """What the merchant wants at a place of the shop; it replaces what was there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pins": ["p1082185"],
                    "boosts": [{"brand": "PRIVATE", "factor": 1.5}],
                    "strategy": "discover",
                }
            ]
        },
    )

    pins: list[Id] = Field(default_factory=list, max_length=MOST_ITEMS)
    boosts: list[BoostIn] = Field(default_factory=list, max_length=200)
    strategy: PlacementStrategy | None = Field(None, description=STRATEGY_TEXT)
    arm: ArmIn | None = Field(
        None, description="The arm of an experiment rolled out here; its weight says nothing."
    )


class RollOutIn(Strict):
    """Which arm everybody gets from now on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"arm": "mixed"}]})

    arm: str = Field(min_length=1, max_length=64)


class PlacementOut(PlacementIn):
    """A place of the shop and what the merchant wants there."""

    placement: str
    updated_at: datetime | None


class PlacementsOut(BaseModel):
    """All of them, by name."""

    data: list[PlacementOut]
    has_more: bool = False
    next_cursor: str | None = None


class ExperimentIn(Strict):
    """Arms tried against each other at a placement; the first is the control."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "experiment_id": "home-mmr",
                    "placement": "home",
                    "arms": [{"name": "control"}, {"name": "mixed", "diversity": 0.3}],
                    "holdout": 0.1,
                }
            ]
        },
    )

    experiment_id: Id
    placement: str = Field(min_length=1, max_length=128)
    arms: list[ArmIn] = Field(min_length=1, max_length=20)
    holdout: StrictFloat = Field(
        0.0, ge=0, lt=1, description="Share of people who get what sells, nothing personal."
    )

    @model_validator(mode="after")
    def _told_apart(self) -> "ExperimentIn":
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names) or HOLDOUT in names:
            raise ValueError(f"arms: each needs a name of its own, other than {HOLDOUT!r}")
        if len(names) == 1 and not self.holdout:
            raise ValueError("arms: give at least two, or one and a holdout to compare it with")
        return self


class ExperimentFull(ExperimentIn):
    """An experiment, since when it runs, and when it was stopped."""

    started_at: datetime | None
    stopped_at: datetime | None


class ExperimentsOut(BaseModel):
    """All experiments, the newest first."""

    data: list[ExperimentFull]
    has_more: bool = False
    next_cursor: str | None = None
