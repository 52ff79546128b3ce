"""The velocities of payments: each named once, each of a key that there is."""

from collections import Counter

from data.tables import TABLES
from features.fraud import FEATURES
from features.fraud.plan import KEYS, PLAN, UNPROVEN
from features.windows.plan import slot


def test_every_velocity_has_a_name_and_a_place_of_its_own() -> None:
    assert [name for name, count in Counter(PLAN.names).items() if count > 1] == []
    for key in PLAN.keys:
        places = [slot(key, feature) for feature in PLAN.of(key)]
        assert len(set(places)) == len(places), key.name


def test_keys_are_made_of_columns_of_payments() -> None:
    for key in KEYS:
        assert {*key.columns, *key.partners} <= set(TABLES["payments"].names)


def test_the_model_reads_every_velocity() -> None:
    read = {name for name in PLAN.names if "log_amount" not in name}  # those make the usual amount
    assert read - set(UNPROVEN.names) <= set(FEATURES)  # by those an exemption is proposed
