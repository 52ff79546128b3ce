"""Days by name."""

from datetime import date

from models.forecasting.holiday_dates import named_days, public_holidays


def test_days_that_move_are_where_calendars_have_them() -> None:
    named = named_days((), 2026, 2026)
    assert named["Easter"] == [date(2026, 4, 5)]
    assert named["Ascension"] == [date(2026, 5, 14)]
    assert named["Black Friday"] == [date(2026, 11, 27)]
    assert named["Lunar New Year"] == [date(2026, 2, 17)]
    assert named["Eid al-Fitr"] == [date(2026, 3, 20)]
    assert named["New Year's Day"] == [date(2026, 1, 1)]


def test_public_holidays_of_all_markets_are_named() -> None:
    named = named_days(("DE", "US"), 2026, 2026)
    assert {"German Unity Day", "Thanksgiving Day"} <= set(named)


def test_an_unknown_country_has_none() -> None:
    assert public_holidays("??", 2026, 2026) == {}
