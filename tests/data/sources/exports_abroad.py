"""The shop of `exports.py` as exported abroad: other languages, signs, dates and encodings.

An export is a list of columns: the header as that system writes it in that language, and what
stands below it, a name of `_CELLS`. `first:` before a name: only in the first row of an order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.data.sources import exports
from tests.data.sources.exports import Line, lines


def german(amount: float) -> str:
    """1.199,00"""
    return exports.comma(amount)


def euros(amount: float) -> str:
    """1.199,00 €"""
    return f"{exports.comma(amount)} €"


def french(amount: float) -> str:
    """1 199,00 with the narrow blank of French spreadsheets."""
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")


def yen(amount: float) -> str:
    """1,199"""
    return f"{amount:,.0f}"


def signed_yen(amount: float) -> str:
    """￥1,199"""
    return f"￥{amount:,.0f}"


@dataclass(frozen=True)
class Abroad:
    """One export of one system in one language.

    columns: header -> what stands below. states: placed, cancelled, returned, as it says them.
    time: as `strftime` takes it; ahead: hours that the shop's clock is before UTC, where the file
    does not say so. scale: what a price is multiplied by; yen have no minor units. preamble: lines
    above the header.
    """

    system: str
    language: str
    columns: Mapping[str, str]
    states: Mapping[str, str]
    time: str
    money: Callable[[float], str]
    separator: str = ","
    encoding: str = "utf-8"
    currency: str = "EUR"
    country: str = "DE"
    ahead: int = 0
    scale: float = 1.0
    preamble: tuple[str, ...] = ()
    settings: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """Such as `odoo de`."""
        return f"{self.system} {self.language}"

    def price(self, line: Line) -> float:
        """Of a unit, in the export's currency."""
        return line.price * self.scale


def _time(line: Line, export: Abroad) -> str:
    return (line.moment + timedelta(hours=export.ahead)).strftime(export.time)


_CELLS: Mapping[str, Callable[[Line, Abroad], object]] = {
    "order": lambda line, export: f"A{1001 + line.place}",
    "time": _time,
    "state": lambda line, export: export.states[line.state],
    "mail": lambda line, export: line.customer,
    "sku": lambda line, export: line.sku,
    "shopify sku": lambda line, export: line.sku.replace("=", "'="),
    "odoo product": lambda line, export: f"[{line.sku}] {line.sku} lang",
    "title": lambda line, export: f"Ware {line.sku}",
    "quantity": lambda line, export: line.quantity,
    "price": lambda line, export: export.money(export.price(line)),
    "value": lambda line, export: export.money(export.price(line) * line.quantity),
    "currency": lambda line, export: export.currency,
    "country": lambda line, export: export.country,
    "settlement": lambda line, export: "17",
}


def write(export: Abroad, folder: Path, days: int = 6) -> Path:
    """The export as a file of its own in a new folder."""
    rows: list[list[object]] = [[line] for line in export.preamble]
    rows.append(list(export.columns))
    for line in lines(days):
        cells: list[object] = []
        for what in export.columns.values():
            name = what.removeprefix("first:")
            cells.append("" if what != name and line.line > 1 else _CELLS[name](line, export))
        rows.append(cells)
    exports.write(folder / "export.csv", rows, export.separator, export.encoding)
    return folder


def _states(placed: str, cancelled: str, returned: str) -> Mapping[str, str]:
    return {"placed": placed, "cancelled": cancelled, "returned": returned}


_SHOPIFY = {
    "Name": "order",
    "Email": "mail",
    "Financial Status": "first:state",
    "Currency": "first:currency",
    "Created at": "first:time",
    "Lineitem quantity": "quantity",
    "Lineitem name": "title",
    "Lineitem price": "price",
    "Lineitem sku": "shopify sku",
    "Shipping Country": "first:country",
}
_PAID = _states("paid", "voided", "refunded")
_TOKYO = {"currency": "JPY", "country": "JP", "ahead": 9, "scale": 100.0}

ABROAD: tuple[Abroad, ...] = (
    # A spreadsheet has been through the file: its separators, marks and dates.
    Abroad("shopify", "de", _SHOPIFY, _PAID, "%d.%m.%Y %H:%M", german, ";", "cp1252"),
    Abroad("shopify", "fr", _SHOPIFY, _PAID, "%d/%m/%Y %H:%M", french, ";", "utf-8-sig"),
    Abroad("shopify", "ja", _SHOPIFY, _PAID, "%Y/%m/%d %H:%M", yen, ",", "cp932", **_TOKYO,
           settings={"time_zone": "Asia/Tokyo"}),
    Abroad(
        "amazon",
        "de",
        {
            "Datum/Uhrzeit": "time", "Abrechnungsnummer": "settlement", "Typ": "state",
            "Bestellnummer": "order", "SKU": "sku", "Beschreibung": "title", "Menge": "quantity",
            "Umsätze": "value",
        },
        _states("Bestellung", "Bestellung", "Bestellung"),
        "%d.%m.%Y %H:%M:%S UTC",
        german,
        preamble=("Enthält Transaktionen für den gesamten Monat", "Alle Beträge in EUR"),
    ),
    Abroad(
        "amazon",
        "fr",
        {
            "date/heure": "time", "numéro de versement": "settlement", "type": "state",
            "numéro de la commande": "order", "sku": "sku", "description": "title",
            "quantité": "quantity", "ventes de produits": "value",
        },
        _states("Commande", "Commande", "Commande"),
        "%d mai %Y %H:%M:%S UTC",
        french,
        preamble=("Comprend les transactions du mois",),
    ),
    Abroad(
        "amazon",
        "ja",
        {
            "日付/時間": "time", "決済番号": "settlement", "トランザクションの種類": "state",
            "注文番号": "order", "SKU": "sku", "説明": "title", "数量": "quantity",
            "商品売上": "value",
        },
        _states("注文", "注文", "注文"),
        "%Y/%m/%d %H:%M:%SJST",
        yen,
        encoding="cp932",
        preamble=("各期間別の取引明細",),
        settings={"currency": "JPY"},
        **_TOKYO,
    ),
    Abroad(
        "woocommerce",
        "fr",
        {
            "Numéro de commande": "order", "Statut de la commande": "state",
            "Date de commande": "time", "E-mail (facturation)": "mail",
            "Code pays (facturation)": "country", "UGS": "sku", "Nom de l’article": "title",
            "Quantité": "quantity", "Coût de l’article": "price",
        },
        _states("Terminée", "Annulée", "Remboursée"),
        "%d/%m/%Y %H:%M",
        french,
        ";",
    ),
    Abroad(
        "woocommerce",
        "ja",
        {
            "注文番号": "order", "注文状況": "state", "注文日": "time",
            "メールアドレス (請求先)": "mail", "国 (請求先)": "country", "SKU": "sku",
            "商品名": "title", "数量": "quantity", "単価": "price",
        },
        _states("完了", "キャンセル済み", "返金済み"),
        "%Y年%m月%d日 %H:%M",
        signed_yen,
        encoding="cp932",
        settings={"time_zone": "Asia/Tokyo"},
        **_TOKYO,
    ),
    Abroad(
        "magento",
        "de",
        {
            "Bestellnummer": "order", "Kaufdatum": "first:time", "Status": "first:state",
            "Währung": "first:currency", "E-Mail des Kunden": "first:mail",
            "Artikelnummer": "sku", "Produktname": "title", "Bestellte Menge": "quantity",
            "Preis": "price", "Lieferland": "first:country",
        },
        _states("Abgeschlossen", "Storniert", "Geschlossen"),
        "%d.%m.%Y %H:%M:%S",
        euros,
        ";",
        "cp1252",
    ),
    Abroad(
        "magento",
        "fr",
        {
            "Commande #": "order", "Date d'achat": "first:time", "Statut": "first:state",
            "Devise": "first:currency", "E-mail du client": "first:mail", "Référence": "sku",
            "Nom du produit": "title", "Quantité commandée": "quantity", "Prix": "price",
        },
        _states("Complète", "Annulée", "Fermée"),
        "%d %b %Y %H:%M:%S",
        french,
        "\t",
        "utf-16",
    ),
    Abroad(
        "magento",
        "ja",
        {
            "注文番号": "order", "購入日": "time", "ステータス": "state", "通貨": "currency",
            "顧客のメールアドレス": "mail", "SKU": "sku", "商品名": "title", "注文数量": "quantity",
            "価格": "price",
        },
        _states("完了", "キャンセル", "クローズ"),
        "%Y/%m/%d %H:%M:%S",
        signed_yen,
        settings={"time_zone": "Asia/Tokyo"},
        **_TOKYO,
    ),
    Abroad(
        "odoo",
        "de",
        {
            "Auftragsreferenz": "first:order", "Auftragsdatum": "first:time",
            "Kunde": "first:mail", "Auftragszeilen/Produkt": "odoo product",
            "Auftragszeilen/Menge": "quantity", "Auftragszeilen/Einzelpreis": "price",
            "Währung": "first:currency", "Status": "first:state",
        },
        _states("Verkaufsauftrag", "Abgebrochen", "Verkaufsauftrag"),
        "%d.%m.%Y %H:%M:%S",
        german,
        ";",
    ),
    Abroad(
        "odoo",
        "ja",
        {
            "オーダ参照": "first:order", "オーダ日": "first:time", "顧客": "first:mail",
            "オーダ明細/プロダクト": "odoo product", "オーダ明細/数量": "quantity",
            "オーダ明細/単価": "price", "通貨": "first:currency", "ステータス": "first:state",
        },
        _states("販売オーダ", "取消済", "販売オーダ"),
        "%Y-%m-%d %H:%M:%S",
        yen,
        settings={"time_zone": "Asia/Tokyo"},
        **_TOKYO,
    ),
    Abroad(
        "erpnext",
        "de",
        {
            "ID": "first:order", "Kunde": "first:mail", "Datum": "first:time",
            "Währung": "first:currency", "Status": "first:state",
            "Artikel-Code (Artikel)": "sku", "Artikelname (Artikel)": "title",
            "Menge (Artikel)": "quantity", "Preis (Artikel)": "price",
        },
        _states("Bezahlt", "Abgebrochen", "Bezahlt"),
        "%d.%m.%Y",
        german,
        ";",
    ),
    Abroad(
        "erpnext",
        "fr",
        {
            "ID": "first:order", "Client": "first:mail", "Date": "first:time",
            "Devise": "first:currency", "Statut": "first:state",
            "Code de l'article (Articles)": "sku", "Nom de l'article (Articles)": "title",
            "Quantité (Articles)": "quantity", "Prix (Articles)": "price",
        },
        _states("Payé", "Annulé", "Payé"),
        "%d-%m-%Y",
        french,
        ";",
    ),
    Abroad(
        "erpnext",
        "ja",
        {
            "ID": "first:order", "顧客": "first:mail", "日付": "first:time",
            "通貨": "first:currency", "状態": "first:state", "アイテムコード (アイテム)": "sku",
            "アイテム名 (アイテム)": "title", "数量 (アイテム)": "quantity",
            "単価 (アイテム)": "price",
        },
        _states("支払済", "キャンセル", "支払済"),
        "%Y-%m-%d",
        yen,
        **_TOKYO,
    ),
    Abroad(
        "woocommerce",
        "tr",
        {
            "Sipariş Numarası": "order", "Sipariş Durumu": "state", "Sipariş Tarihi": "time",
            "E-posta (Fatura)": "mail", "Ülke Kodu (Fatura)": "country", "Stok kodu": "sku",
            "Ürün Adı": "title", "Miktar": "quantity", "Birim Fiyat": "price",
        },
        _states("Tamamlandı", "İptal edildi", "İade edildi"),
        "%d.%m.%Y %H:%M",
        german,
        ";",
        currency="TRY",
        country="TR",
        settings={"currency": "TRY"},
    ),
    Abroad(
        "woocommerce",
        "sv",
        {
            "Ordernummer": "order", "Orderstatus": "state", "Orderdatum": "time",
            "E-post (Fakturering)": "mail", "Landskod (Fakturering)": "country",
            "Artikelnummer": "sku", "Produktnamn": "title", "Antal": "quantity",
            "Styckpris": "price",
        },
        _states("Färdigbehandlad", "Avbruten", "Återbetald"),
        "%Y-%m-%d %H:%M",
        french,
        ";",
        currency="SEK",
        country="SE",
        settings={"currency": "SEK"},
    ),
    Abroad(
        "woocommerce",
        "zh",
        {
            "订单号": "order", "订单状态": "state", "订单日期": "time",
            "电子邮件（账单）": "mail", "国家代码（账单）": "country", "SKU": "sku",
            "商品名称": "title", "数量": "quantity", "单价": "price",
        },
        _states("已完成", "已取消", "已退款"),
        "%Y年%m月%d日 %H:%M",
        lambda amount: f"￥{amount:,.2f}",
        encoding="gb18030",
        currency="CNY",
        country="CN",
        settings={"currency": "CNY"},
    ),
    Abroad(
        "magento",
        "pt",
        {
            "Número do Pedido": "order", "Data da Compra": "time", "Status": "state",
            "Moeda": "currency", "E-mail do Cliente": "mail", "SKU": "sku",
            "Nome do Produto": "title", "Qtd. Pedida": "quantity", "Preço": "price",
        },
        _states("Completo", "Cancelado", "Fechado"),
        "%d de mai. de %Y %H:%M:%S",
        lambda amount: f"R$ {german(amount)}",
        ";",
        currency="BRL",
        country="BR",
    ),
    Abroad(
        "odoo",
        "tr",
        {
            "Sipariş Referansı": "first:order", "Sipariş Tarihi": "first:time",
            "Müşteri": "first:mail", "Sipariş Satırları/Ürün": "odoo product",
            "Sipariş Satırları/Miktar": "quantity", "Sipariş Satırları/Birim Fiyat": "price",
            "Para Birimi": "first:currency", "Durumu": "first:state",
        },
        _states("Satış Siparişi", "İptal Edildi", "Satış Siparişi"),
        "%Y-%m-%d %H:%M:%S",
        str,
        currency="TRY",
        country="TR",
    ),
    Abroad(
        "erpnext",
        "zh",
        {
            "ID": "first:order", "客户": "first:mail", "日期": "first:time",
            "货币": "first:currency", "状态": "first:state", "总计": "first:value",
            "物料代码 (物料)": "sku", "物料名称 (物料)": "title", "数量 (物料)": "quantity",
            "单价 (物料)": "price",
        },
        _states("已完成", "已取消", "已完成"),
        "%Y-%m-%d",
        str,
        currency="CNY",
        country="CN",
    ),
    Abroad(
        "erpnext",
        "nl",
        {
            "ID": "first:order", "Klant": "first:mail", "Datum": "first:time",
            "Valuta": "first:currency", "Status": "first:state",
            "Artikelcode (Artikelen)": "sku", "Artikelnaam (Artikelen)": "title",
            "Aantal (Artikelen)": "quantity", "Tarief (Artikelen)": "price",
        },
        _states("Voltooid", "Geannuleerd", "Voltooid"),
        "%d-%m-%Y",
        german,
        ";",
    ),
    Abroad(
        "amazon",
        "sv",
        {
            "datum/tid": "time", "reglerings-id": "settlement", "typ": "state",
            "beställnings-id": "order", "sku": "sku", "beskrivning": "title",
            "antal": "quantity", "produktförsäljning": "value",
        },
        _states("Beställning", "Beställning", "Beställning"),
        "%d maj %Y %H:%M:%S UTC",
        french,
        currency="SEK",
        country="SE",
        settings={"currency": "SEK"},
    ),
)  # fmt: skip
