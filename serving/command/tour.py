"""The first page a newcomer sees: four questions with ids that exist, asked and answered."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from data.lake import Lake


@dataclass(frozen=True)
class Question:
    """One HTTP call: what it asks, where, and the JSON body when it is a POST."""

    title: str
    path: str
    body: Mapping[str, Any] | None = None

    def curl(self, address: str) -> str:
        """The call as a line to paste into a shell."""
        if self.body is None:
            return f"curl -s '{address}{self.path}'"
        body = json.dumps(self.body)
        return f"curl -s '{address}{self.path}' -H 'Content-Type: application/json' -d '{body}'"

    def ask(self, address: str) -> Any:
        """The server's answer, parsed."""
        request = urllib.request.Request(  # noqa: S310  # the address is our own server's
            address + self.path,
            data=None if self.body is None else orjson.dumps(self.body),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
            return orjson.loads(answer.read())


def questions(lake: Lake, now: datetime) -> list[Question]:
    """Four questions, one a row, about the busiest customer and the best-selling product.

    lake: the merchant's tables; now: the moment to ask as of.
    """
    orders = lake.read(
        "orders", columns=["customer_id", "product_id", "warehouse_id", "ordered_at", "market"]
    )
    recent = orders[orders["ordered_at"] > now - timedelta(days=60)]
    customer = recent["customer_id"].value_counts().index[0]
    market = recent.loc[recent["customer_id"] == customer, "market"].mode().iloc[0]
    terms = lake.read("supply_terms", columns=["warehouse_id", "product_id"]).drop_duplicates()
    sold = recent.merge(terms).value_counts(["warehouse_id", "product_id"])
    warehouse, product = sold.index[0]
    return [
        Question(
            "What to show: a known customer's next basket",
            "/v1/recommendations",
            {"customer_id": customer, "market": market, "limit": 3, "explain": True},
        ),
        Question(
            "What will sell: the best seller of a warehouse, four periods ahead",
            f"/v1/forecasts?warehouse_id={warehouse}&product_id={product}&horizon=4&quantiles=0.1,0.5,0.9",
        ),
        Question(
            "What to order: the first lines of the plan, each with its reason",
            f"/v1/replenishment/suggestions?warehouse_id={warehouse}&ordered=true&limit=2",
        ),
        Question(
            "Whom to trust: a first payment from a new device, to another country",
            "/v1/fraud/decisions",
            _payment(customer, market, now),
        ),
    ]


def _payment(customer: str, market: str, now: datetime) -> dict[str, Any]:
    elsewhere = "FR" if market != "FR" else "DE"
    return {
        "payment_id": f"tour-{now:%Y%m%d%H%M%S}",
        "attempted_at": now.isoformat().replace("+00:00", "Z"),
        "customer_id": customer,
        "amount": 389.0,
        "currency": "EUR",
        "card_id": "card-never-seen",
        "device_id": "device-never-seen",
        "billing_country": market,
        "shipping_country": elsewhere,
        "ip_country": elsewhere,
        "address_match": False,
        "channel": "web",
    }


def page(address: str, lake: Lake, now: datetime, home: str) -> str:
    """The page: each question as a curl line, the start of its real answer, where to look next.

    address: of the server; lake: the merchant's tables; now: the moment to ask as of; home:
    folder of the demo.
    """
    parts = [f"\nArgosy answers at {address}. Everything it knows is in {home}.\n"]
    for question in questions(lake, now):
        answer = json.dumps(question.ask(address), ensure_ascii=False, indent=1)
        shown = "\n".join(answer.splitlines()[:24])
        parts += [f"# {question.title}", question.curl(address), shown, "  …\n"]
    parts += [
        f"Screens:            {address}/console",
        f"API documentation:  {address}/docs",
        f"Health and metrics: {address}/readyz  {address}/metrics",
        f"Training runs:      .venv/bin/mlflow ui --backend-store-uri sqlite:///{home}/mlflow.db",
        f"Look around:        ARGOSY_HOME={home} .venv/bin/argosy status",
        "Ctrl-C stops the server.",
    ]
    return "\n".join(parts)
