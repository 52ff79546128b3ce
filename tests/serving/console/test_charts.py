"""Charts: gaps stay gaps, steps add up, the chosen quantity is marked."""

from serving.console import charts

HISTORY = [
    {"period_start": "2017-12-11", "quantity": 4.0, "sold": 4.0, "lost": 0.0, "correction": ""},
    {
        "period_start": "2017-12-18",
        "quantity": None,
        "sold": 0.0,
        "lost": 3.0,
        "correction": "empty",
    },
]
PERIODS = [{"period_start": "2017-12-25", "mean": 5.0, "quantiles": {"0.1": 3.0, "0.9": 8.0}}]


def test_a_forecast_goes_on_from_its_history():
    options = charts.forecast_chart(HISTORY, PERIODS, charts.demand_names(str))
    assert options["xAxis"]["data"] == ["2017-12-11", "2017-12-18", "2017-12-25"]
    by_name = {series["name"]: series["data"] for series in options["series"]}
    assert by_name["Demand"] == [4.0, None, None]
    assert by_name["Forecast"] == [None, None, 5.0]
    assert by_name["8 in 10"] == [None, None, 5.0]  # the band is as high as 8 − 3


def test_periods_that_a_planner_corrected_are_shaded():
    history = [HISTORY[0] | {"history_corrections": ["a"]}, HISTORY[1]]
    options = charts.forecast_chart(history, PERIODS, charts.demand_names(str))
    by_name = {series["name"]: series for series in options["series"]}
    shaded = by_name["Corrected by a planner"]["markArea"]["data"]
    assert shaded == [[{"xAxis": "2017-12-11"}, {"xAxis": "2017-12-11"}]]
    plain = charts.forecast_chart(HISTORY, PERIODS, charts.demand_names(str))
    assert "Corrected by a planner" not in {series["name"] for series in plain["series"]}


def test_a_forecast_without_history_is_drawn_too():
    options = charts.forecast_chart([], PERIODS, charts.demand_names(str))
    assert options["xAxis"]["data"] == ["2017-12-25"]


def test_a_waterfall_stands_on_what_came_before():
    options = charts.waterfall_chart([("need", 10.0), ("stock", -4.0)], ("order", 6.0))
    base, up, down, total = (series["data"] for series in options["series"])
    assert base == [0.0, 6.0, 0.0]
    assert up == [10.0, None, None]
    assert down == [None, 4.0, None]
    assert total == [None, None, 6.0]


def test_a_cost_curve_marks_the_chosen_quantity():
    curve = [
        {"quantity": q, "total": q, "holding": q, "shortage": 0, "ordering": 1} for q in (0, 6)
    ]
    names = dict.fromkeys(("total", "holding", "shortage", "ordering", "later", "chosen"), "x")
    options = charts.cost_chart(curve, 6, names)
    assert options["series"][0]["markLine"]["data"] == [{"xAxis": 6}]


def test_a_stock_chart_marks_arrivals_within_its_days():
    days = [{"day": "2018-01-01", "mean": 5, "low": 4, "high": 6, "broken": 0.1}]
    names = dict.fromkeys(("stock", "range", "out", "arrival"), "x")
    options = charts.stock_chart(days, [("2018-01-01", 12), ("2019-01-01", 3)], names)
    assert options["series"][2]["markLine"]["data"] == [{"xAxis": "2018-01-01", "name": "+12"}]


def test_a_sparkline_needs_two_values():
    assert charts.sparkline([1.0]) == ""
    assert charts.sparkline([1.0, None, 3.0]).count(",") == 2
    assert "<svg" in charts.sparkline([2.0, 2.0])


def test_an_empty_shelf_is_shaded():
    options = charts.forecast_chart(HISTORY, PERIODS, charts.demand_names(str))
    (shaded,) = (series for series in options["series"] if "markArea" in series)
    assert shaded["name"] == "Out of stock"
    assert [start["xAxis"] for start, _ in shaded["markArea"]["data"]] == ["2017-12-18"]


def test_shares_are_written_in_per_cent():
    options = charts.in_per_cent(charts.frame(["a"], series=[]))
    assert ":formatter" in options["yAxis"]["axisLabel"]
    assert options["tooltip"][":valueFormatter"] == "argosy.writtenShare"
    assert options["xAxis"]["axisLabel"][":formatter"] == "argosy.axisText"  # names stay names


def test_a_chart_of_its_own_axis_leaves_the_others_alone():
    charts.frame(["a"], series=[])["xAxis"]["axisLabel"]["rotate"] = 28
    assert "rotate" not in charts.frame(["a"], series=[])["yAxis"]["axisLabel"]
