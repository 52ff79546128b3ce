"""The catalogue: every KPI with its formula, unit, direction, thresholds and owner.

A KPI is a measure, or a measure divided by another. Measures are sums over rows of one day and
cell (market, warehouse, channel, placement), so a KPI of any span and any part of the shop is
made from the same sums, never from an average of averages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from data.errors import ArgosyError

Unit = Literal["base currency", "share", "count", "units", "days", "hours", "a year"]
Direction = Literal["higher is better", "lower is better", "neither"]
OverTime = Literal["sum", "last"]
Owner = Literal["storefront", "planner", "fraud analyst", "marketing", "finance", "engineer"]

DIMENSIONS = ("market", "warehouse_id", "channel", "placement")


class UnknownKpiError(ArgosyError):
    """There is no KPI of that name."""


@dataclass(frozen=True)
class Kpi:
    """One KPI.

    formula: in words. numerator, denominator: names of measures; denominator None: the numerator
    alone. scale: what the quotient is multiplied with. over_time: how a KPI without denominator
    spans several days. warn, critical: bounds over the last `window_days` days, checked where the
    denominator is at least `least`; None: no bound. topic: KPIs of one topic move together, so
    that a sudden change of several is one alert; "": sudden changes are not looked for.
    """

    name: str
    formula: str
    unit: Unit
    direction: Direction
    owner: Owner
    numerator: str
    denominator: str | None = None
    scale: float = 1.0
    over_time: OverTime = "sum"
    warn: float | None = None
    critical: float | None = None
    window_days: int = 28
    least: float = 100.0
    topic: str = ""

    @property
    def source(self) -> str:
        """The name of the source that its numerator is computed from."""
        return self.numerator.split(".")[0]

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures it is made from."""
        return tuple(name for name in (self.numerator, self.denominator) if name is not None)

    def is_past(self, value: float, bound: float | None) -> bool:
        """True if the value lies on the wrong side of a bound.

        value: of the KPI; bound: warn or critical; None: never.
        """
        if bound is None:
            return False
        return value < bound if self.direction == "higher is better" else value > bound


_UP: Direction = "higher is better"
_DOWN: Direction = "lower is better"
_MONEY: Unit = "base currency"

_EVERY = (
    # What is sold
    Kpi(
        "sales",
        "Net value of order lines by day of order: price × quantity − discount, without cancelled "
        "lines; returns are not taken off",
        _MONEY,
        _UP,
        "finance",
        "orders.revenue",
        topic="demand",
    ),
    Kpi(
        "orders",
        "Orders with a line that was not cancelled, counted where their first such line is",
        "count",
        _UP,
        "finance",
        "orders.orders",
        topic="demand",
    ),
    Kpi(
        "units_sold",
        "Units of order lines that were not cancelled",
        "units",
        _UP,
        "planner",
        "orders.units",
        topic="demand",
    ),
    Kpi(
        "average_basket",
        "Sales divided by orders",
        _MONEY,
        _UP,
        "marketing",
        "orders.revenue",
        "orders.orders",
    ),
    Kpi(
        "average_unit_price",
        "Sales divided by units sold",
        _MONEY,
        "neither",
        "finance",
        "orders.revenue",
        "orders.units",
        topic="price",
    ),
    Kpi(
        "gross_margin_rate",
        "Sales less landed cost, divided by sales, over lines whose cost is known",
        "share",
        _UP,
        "finance",
        "orders.margin",
        "orders.costed_revenue",
        warn=0.10,
        critical=0.0,
        window_days=7,
        topic="price",
    ),
    Kpi(
        "discount_rate",
        "Discounts divided by sales before discounts",
        "share",
        "neither",
        "marketing",
        "orders.discount",
        "orders.list_revenue",
    ),
    Kpi(
        "cancellation_rate",
        "Cancelled order lines divided by all order lines, by day of order",
        "share",
        _DOWN,
        "finance",
        "orders.cancelled_lines",
        "orders.lines",
        warn=0.08,
        critical=0.15,
    ),
    Kpi(
        "return_rate",
        "Units returned on the day divided by units sold on it",
        "share",
        _DOWN,
        "finance",
        "returns.units",
        "orders.units",
        warn=0.15,
        critical=0.30,
    ),
    # Who buys
    Kpi(
        "new_customers",
        "Customers whose first order is of the day",
        "count",
        _UP,
        "marketing",
        "orders.first_orders",
    ),
    Kpi(
        "repeat_rate",
        "Orders by customers who had ordered before, divided by orders",
        "share",
        _UP,
        "marketing",
        "orders.repeat_orders",
        "orders.orders",
    ),
    Kpi(
        "retention_rate_90d",
        "Of the customers who ordered 90 days before the day, the share who ordered again within "
        "those 90 days",
        "share",
        _UP,
        "marketing",
        "retention.kept",
        "retention.customers",
    ),
    Kpi(
        "customer_value_moved",
        "Change of the margin expected of customers in the next year, since the scoring before",
        _MONEY,
        _UP,
        "marketing",
        "customers.value_moved",
    ),
    # What is seen
    Kpi(
        "visits",
        "People with an event, each counted once a day and market",
        "count",
        _UP,
        "storefront",
        "visits.visits",
        topic="traffic",
    ),
    Kpi(
        "conversion_rate",
        "Visits with a purchase divided by visits",
        "share",
        _UP,
        "storefront",
        "visits.buyers",
        "visits.visits",
        topic="traffic",
    ),
    Kpi(
        "click_rate",
        "Clicks divided by impressions, by placement",
        "share",
        _UP,
        "storefront",
        "events.clicks",
        "events.impressions",
    ),
    Kpi(
        "placement_conversion_rate",
        "Clicks in a placement followed by the same person's purchase of the product within 7 "
        "days, divided by clicks, by day of click and placement",
        "share",
        _UP,
        "storefront",
        "events.clicks_bought",
        "events.clicks",
    ),
    Kpi(
        "recommendation_share",
        "Sales of products that the customer clicked on in a recommendation in the 7 days before, "
        "divided by sales",
        "share",
        _UP,
        "storefront",
        "orders.recommended_revenue",
        "orders.revenue",
    ),
    # What lies in the warehouses
    Kpi(
        "stock_value",
        "Units on hand × landed cost at the end of the day: as last counted, less what was sold or "
        "sent since, plus what came",
        _MONEY,
        "neither",
        "finance",
        "stock.value",
        over_time="last",
    ),
    Kpi(
        "stock_turnover",
        "Landed cost of what was sold, a year, divided by the value of the stock",
        "a year",
        _UP,
        "planner",
        "stock.cost_of_sales",
        "stock.value",
        scale=365.0,
    ),
    Kpi(
        "days_of_stock",
        "Units on hand divided by mean daily units of the last 28 days",
        "days",
        "neither",
        "planner",
        "stock.units",
        "stock.daily_units",
    ),
    Kpi(
        "sell_through",
        "Units sold in 28 days divided by those units and what is on hand",
        "share",
        _UP,
        "planner",
        "stock.sold_28d",
        "stock.sold_and_on_hand",
    ),
    Kpi(
        "in_stock_rate",
        "Of the products that a warehouse sold in the last 56 days, the share with units that are "
        "not reserved",
        "share",
        _UP,
        "planner",
        "stock.in_stock",
        "stock.selling",
        warn=0.90,
        critical=0.75,
        window_days=1,
        topic="stock",
    ),
    Kpi(
        "fill_rate",
        "Units sold divided by units sold and units that empty places would have sold",
        "share",
        _UP,
        "planner",
        "stock.sold",
        "stock.wanted",
        warn=0.90,
        critical=0.80,
        window_days=7,
    ),
    Kpi(
        "lost_sales",
        "Mean daily units × mean price of the last 28 days, of products with nothing on hand",
        _MONEY,
        _DOWN,
        "planner",
        "stock.lost_revenue",
        topic="stock",
    ),
    Kpi(
        "dead_stock_value",
        "Value of the stock of products that were on hand for 90 days without a sale",
        _MONEY,
        _DOWN,
        "planner",
        "stock.dead_value",
        over_time="last",
    ),
    # What is ordered
    Kpi(
        "overdue_orders",
        "Lines of purchase orders past their expected day at the end of the day, neither received, "
        "closed nor cancelled",
        "count",
        _DOWN,
        "planner",
        "purchasing.overdue",
        over_time="last",
    ),
    Kpi(
        "overdue_rate",
        "Overdue lines divided by open lines of purchase orders",
        "share",
        _DOWN,
        "planner",
        "purchasing.overdue",
        "purchasing.open",
        warn=0.30,
        critical=0.60,
        window_days=7,
    ),
    Kpi(
        "supplier_punctuality",
        "Of the lines received on the day that had an expected day, the share received by it",
        "share",
        _UP,
        "planner",
        "receipts.on_time",
        "receipts.lines",
        warn=0.70,
        critical=0.50,
    ),
    # How well it was foreseen
    Kpi(
        "forecast_wape",
        "Sum of |forecast − demand| divided by demand, of forecasts made a lead time before",
        "share",
        _DOWN,
        "planner",
        "forecasts.absolute_error",
        "forecasts.demand",
        warn=0.8,
        critical=1.2,
        window_days=56,
    ),
    Kpi(
        "forecast_bias",
        "Sum of (forecast − demand) divided by demand, of forecasts made a lead time before",
        "share",
        "neither",
        "planner",
        "forecasts.error",
        "forecasts.demand",
    ),
    Kpi(
        "override_value_added",
        "WAPE of the model less WAPE with the planners' overrides: above 0, overrides help",
        "share",
        _UP,
        "planner",
        "forecasts.override_gain",
        "forecasts.demand",
    ),
    # Whom to trust
    Kpi(
        "chargeback_ratio",
        "Chargebacks reported divided by payments attempted; card programmes act from about 0.9 %",
        "share",
        _DOWN,
        "fraud analyst",
        "chargebacks.reports",
        "payments.payments",
        warn=0.0065,
        critical=0.009,
        least=1000.0,
    ),
    Kpi(
        "fraud_loss",
        "Amounts of payments reported as fraud, by day of the first report",
        _MONEY,
        _DOWN,
        "fraud analyst",
        "chargebacks.fraud_amount",
    ),
    Kpi(
        "declined_rate",
        "Payments declined by the issuer divided by payments whose outcome is known",
        "share",
        _DOWN,
        "fraud analyst",
        "payments.declined",
        "payments.with_outcome",
    ),
    Kpi(
        "block_rate",
        "Payments blocked divided by payments decided",
        "share",
        _DOWN,
        "fraud analyst",
        "decisions.blocked",
        "decisions.decided",
        warn=0.05,
        critical=0.15,
        window_days=7,
        topic="fraud",
    ),
    Kpi(
        "challenge_rate",
        "Payments challenged divided by payments decided",
        "share",
        _DOWN,
        "fraud analyst",
        "decisions.challenged",
        "decisions.decided",
        topic="fraud",
    ),
    Kpi(
        "review_rate",
        "Payments sent to review divided by payments decided",
        "share",
        _DOWN,
        "fraud analyst",
        "decisions.reviewed",
        "decisions.decided",
        warn=0.08,
        critical=0.20,
        window_days=7,
        topic="fraud",
    ),
    Kpi(
        "false_decline_rate",
        "Estimate: honest payments blocked, each by 1 − its probability of fraud, divided by "
        "payments decided",
        "share",
        _DOWN,
        "fraud analyst",
        "decisions.honest_blocked",
        "decisions.scored",
        warn=0.02,
        critical=0.05,
    ),
    Kpi(
        "review_age",
        "Mean hours that open reviews have waited at the end of the day",
        "hours",
        _DOWN,
        "fraud analyst",
        "reviews.hours",
        "reviews.open",
        warn=24.0,
        critical=72.0,
        window_days=1,
        least=5.0,
    ),
    # Whether the machine runs
    Kpi(
        "degraded_rate",
        "Decisions on payments made in a simpler way than they should be, divided by all",
        "share",
        _DOWN,
        "engineer",
        "decisions.degraded",
        "decisions.decided",
        warn=0.01,
        critical=0.05,
        window_days=1,
    ),
    Kpi(
        "feature_age",
        "Hours from the time the features are of to the newest fact in the lake",
        "hours",
        _DOWN,
        "engineer",
        "freshness.feature_hours",
        over_time="last",
        warn=36.0,
        critical=96.0,
        window_days=1,
    ),
)
KPIS: Mapping[str, Kpi] = {kpi.name: kpi for kpi in _EVERY}


def find_kpi(name: str) -> Kpi:
    """The KPI of a name. Raises UnknownKpiError."""
    try:
        return KPIS[name]
    except KeyError:
        raise UnknownKpiError(f"there is no KPI {name!r}; there are {', '.join(KPIS)}") from None
