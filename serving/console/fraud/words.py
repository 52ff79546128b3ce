"""The words of the analyst's pages that come from codes of the API."""

from serving.console.view import ConsoleView


def sections(view: ConsoleView) -> list[tuple[str, str]]:
    """The pages that belong to payments: text and address."""
    return [
        (view.t("Queue"), "/fraud"),
        (view.t("Lists"), "/fraud/lists"),
        (view.t("Rules"), "/fraud/rules"),
        (view.t("Performance"), "/fraud/performance"),
    ]


def statuses(view: ConsoleView) -> dict[str, str]:
    """Where a review stands, by code."""
    return {
        "open": view.t("Open"),
        "snoozed": view.t("Snoozed"),
        "approved": view.t("Approved"),
        "rejected": view.t("Rejected"),
    }


def actions(view: ConsoleView) -> dict[str, str]:
    """What a payment gets, by code."""
    return {
        "allow": view.t("Allow"),
        "challenge": view.t("Challenge"),
        "review": view.t("Review"),
        "block": view.t("Block"),
    }


def steps(view: ConsoleView) -> dict[str, str]:
    """What was done in a review, by code."""
    return {
        "assign": view.t("Assigned"),
        "snooze": view.t("Snoozed"),
        "approve": view.t("Approved"),
        "reject": view.t("Rejected"),
    }


def listed(view: ConsoleView) -> dict[str, str]:
    """What an entry of a list may name, by the column's name."""
    return {
        **shared(view),
        "email_domain": view.t("e-mail domain"),
        "card_bin": view.t("first digits of a card"),
        "billing_country": view.t("billing country"),
        "shipping_country": view.t("shipping country"),
        "ip_country": view.t("country of the IP address"),
    }


def sent(view: ConsoleView) -> dict[str, str]:
    """What a shop sends of a payment, by the field's name."""
    return {
        "payment_id": view.t("Payment"),
        "attempted_at": view.t("Attempted"),
        "customer_id": view.t("Customer"),
        "visitor_id": view.t("Visitor"),
        "order_id": view.t("Order id"),
        "amount": view.t("Amount"),
        "currency": view.t("Currency"),
        "card_id": view.t("Card"),
        "card_bin": view.t("First digits of the card"),
        "device_id": view.t("Device"),
        "ip_address": view.t("IP address"),
        "email_hash": view.t("E-mail"),
        "email_domain": view.t("E-mail domain"),
        "billing_country": view.t("Billing country"),
        "shipping_country": view.t("Shipping country"),
        "ip_country": view.t("Country of the IP address"),
        "address_match": view.t("Addresses match"),
        "channel": view.t("Channel"),
    }


def shared(view: ConsoleView) -> dict[str, str]:
    """What two payments may have in common, by the column's name."""
    return {
        "card_id": view.t("card"),
        "device_id": view.t("device"),
        "ip_address": view.t("IP address"),
        "email_hash": view.t("e-mail"),
        "customer_id": view.t("customer"),
    }


def programmes() -> dict[str, str]:
    """The monitoring programmes of the card networks, by name."""
    return {
        "visa_vamp_excessive": "Visa VAMP",
        "mastercard_excessive_chargeback_merchant": "Mastercard ECM",
    }
