"""Numbers, money and dates as the reader's locale writes them; what is missing is a dash."""

from datetime import UTC, date, datetime

from babel import Locale, UnknownLocaleError, dates, numbers

from serving.console.texts import tags_of

MISSING = "–"


def locale_of(accepted: str, language: str) -> str:
    """The locale of numbers and dates: the reader's own, else that of the texts.

    accepted: an Accept-Language header; language: the tag of the texts shown. Texts in English
    beside a German browser still get German numbers.
    """
    for tag in tags_of(accepted):
        try:
            found = Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        if language == "en" or found.language == language.split("-")[0]:
            return str(found)
    return str(Locale.parse(language, sep="-"))


class Formats:
    """Writes values for one reader.

    locale: as Babel names it, such as `de_DE`; currency: ISO 4217 code of amounts that bear none.
    """

    def __init__(self, locale: str, currency: str) -> None:
        self.locale = locale
        self.currency = currency

    @property
    def tag(self) -> str:
        """The locale as browsers name it, such as `de-DE`."""
        return self.locale.replace("_", "-")

    def number(self, value: float | None, digits: int = 1) -> str:
        """A number with at most `digits` decimals.

        value: the number, None: it is missing; digits: decimals, fewer where they would be 0.
        """
        if value is None:
            return MISSING
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return numbers.format_decimal(value, format=pattern, locale=self.locale)

    def money(self, value: float | None, currency: str | None = None, *, cents: bool = True) -> str:
        """An amount of money with its currency.

        value: the amount, None: it is missing; currency: ISO 4217 code, None: the base currency;
        cents: with its minor units, else rounded to whole ones.
        """
        if value is None:
            return MISSING
        code = currency or self.currency
        if cents:
            return numbers.format_currency(value, code, locale=self.locale)
        whole = round(value)
        return numbers.format_currency(
            whole, code, locale=self.locale, currency_digits=False, format="¤#,##0"
        )

    def share(self, value: float | None, digits: int = 1) -> str:
        """A share, 0 to 1, in per cent with at most `digits` decimals.

        value: the share, None: it is missing; digits: decimals, fewer where they would be 0.
        """
        if value is None:
            return MISSING
        pattern = "#,##0" + ("." + "#" * digits if digits else "") + "%"
        return numbers.format_percent(value, format=pattern, locale=self.locale)

    def day(self, value: str | date | None) -> str:
        """A day; text is read as ISO 8601."""
        if not value:
            return MISSING
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
        return dates.format_date(day, "medium", locale=self.locale)

    def moment(self, value: str | datetime | None) -> str:
        """A point in time, in UTC; text is read as RFC 3339."""
        if not value:
            return MISSING
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        day = dates.format_date(at.astimezone(UTC), "medium", locale=self.locale)
        time = dates.format_skeleton("Hm", at, tzinfo=UTC, locale=self.locale)
        pattern = str(Locale.parse(self.locale).datetime_formats["medium"])
        return pattern.format(time, day)
