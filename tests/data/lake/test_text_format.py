"""Encoding and separator are found from the bytes."""

from pathlib import Path

import pytest

from data.lake.text_format import TextFormat, find_encoding, find_separator, find_text_format

GERMAN = "Bestellnummer;Straße;Größe\n1;Müllerstraße;groß\n2;Königsallee;klein\n" * 5
JAPANESE = "注文番号\t商品名\t価格\n1\tお茶の葉のセット\t1000\n" * 5
RUSSIAN = "Заказ;Дата заказа;Клиент\n1;сегодня;Магазин книг\n" * 5


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "cp1252"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (JAPANESE, "cp932"),
        (RUSSIAN, "cp1251"),
    ],
)
def test_what_is_written_is_read(text: str, encoding: str) -> None:
    found = find_encoding(text.encode(encoding))
    assert text.encode(encoding).decode(found).lstrip("\ufeff") == text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(separator: str) -> None:
    text = "\n".join([f"a{separator}b{separator}c", f'1{separator}"x{separator},;y"{separator}2'])
    assert find_separator(text) == separator


def test_an_inch_is_no_quote_in_a_file_parted_by_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('sku\tname\n1\t19" rack\n2\t"Best" mug\n')
    assert find_text_format(tmp_path / "a.txt") == TextFormat("utf-8-sig", "\t", quoted=False)
    (tmp_path / "b.txt").write_text('"sku"\t"name"\n"1"\t"a\tb"\n')
    assert find_text_format(tmp_path / "b.txt").quoted


@pytest.mark.parametrize("content", [b"", b"  \n", b"\x1f\x8b\x08\x00", b"PK\x03\x04abc"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match="it is"):
        find_text_format(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("cp1252", "Número;Descripción;Añadido\n1;Niño;él\n"),
        ("cp1252", "Orderdatum;Á-pris;Färg\n1;2;blå\n"),
        ("cp1252", "Bestellung;Größe\n1;für Äpfel – 12 €\n"),
        ("cp1252", "Pedido;Descrição\n1;Pão e maçã\n"),
        ("cp1250", "Číslo;Množství\n1;Žluťoučký kůň\n"),
        ("cp1250", "Zamówienie;Ilość\n1;Żółta łódź\n"),
        ("cp1254", "Sipariş Numarası;Ürün Adı\n1;İnce bardak\n"),
        ("cp1251", "Номер;Товар\n1;Чашка синяя\n2;Тарелка белая\n"),
        ("cp1253", "Αριθμός;Προϊόν\n1;Φλιτζάνι μπλε\n2;Πιάτο λευκό\n"),
        ("cp932", "注文番号;商品名\n1;青いカップと白い皿\n2;お茶\n"),
        ("gb18030", "订单号;商品名称\n1;蓝色杯子\n2;白色盘子\n"),
    ],
)
def test_short_files_of_many_languages(tmp_path: Path, page: str, text: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode(page))
    assert text.encode(page).decode(find_text_format(path).encoding) == text
