"""A mapping is checked as a whole before anything is read; all its faults are told at once."""

from itertools import combinations
from pathlib import Path

import pytest

from data.sources.loading import MappingError, load_mapping, preset_names
from data.sources.mapping import MappingExpression
from data.sources.places import fold


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_whole(name: str) -> None:
    assert load_mapping(name).sheets


def test_a_section_named_for_a_table_is_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        '[fx_rates]\nfrom = "kurse*.csv"\n[fx_rates.columns]\n'
        'rate_date = "Tag"\ncurrency = "Code"\nrate = "Kurs"\n'
    )
    sheet = load_mapping(str(tmp_path / "map.toml")).sheets[0]
    assert (sheet.from_, sheet.into[0].table) == ("kurse*.csv", "fx_rates")


def test_all_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        "[[sheets]]\nname = 'a'\nhas = ['x']\n"
        "[[sheets.into]]\ntable = 'order'\ncolumns = { }\n"
        "[[sheets.into]]\ntable = 'fx_rates'\n"
        "columns = { rate_date = 'd', curency = 'c', rate = { from = 'r', pattern = '[' } }\n"
    )
    with pytest.raises(MappingError) as raised:
        load_mapping(str(tmp_path / "map.toml"), {"time_zone": "Mars", "currncy": "EUR"})
    told = str(raised.value)
    assert "no such table; is it orders?" in told
    assert "has no column curency; is it currency?" in told
    assert "says nothing of currency" in told
    assert "the pattern '[' is wrong" in told
    assert "time_zone 'Mars' is no zone" in told
    assert "no value 'currncy'; is it currency?" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a =", "is no TOML"),
        ("", "it maps nothing"),
        ("sheet = 1", "Extra inputs"),
        ("[orders]\ncolums = {}", "colums"),
    ],
)
def test_what_is_no_mapping_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(MappingError, match=told):
        load_mapping(str(tmp_path / "map.toml"))


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(MappingError, match="did you mean shopify"):
        load_mapping("shopfy")


def test_a_mapping_extends_another(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        'extends = "shopify"\n[defaults]\ncurrency = "GBP"\n[fx_rates]\nfrom = "rates.csv"\n'
        '[fx_rates.columns]\nrate_date = "d"\ncurrency = "c"\nrate = "r"\n'
    )
    mapping = load_mapping(str(tmp_path / "map.toml"))
    assert mapping.sheets[0].name == "fx_rates"
    assert len(mapping.sheets) == 1 + len(load_mapping("shopify").sheets)
    assert mapping.defaults["currency"] == "GBP"


@pytest.mark.parametrize("name", preset_names())
def test_all_sheets_of_a_system_know_the_same_words(name: str) -> None:
    """What one sheet calls cancelled, returned, unpaid or a draft, every other one does."""
    known: dict[str, set[frozenset[str]]] = {}
    for sheet in load_mapping(name).sheets:
        for into in sheet.into:
            made = into.columns.get("status")
            if into.table == "orders" and isinstance(made, MappingExpression):
                for new in {"cancelled", "returned"} & set(made.map.values()):
                    texts = frozenset(old for old, mine in made.map.items() if mine == new)
                    known.setdefault(new, set()).add(texts)
    assert all(len(found) == 1 for found in known.values())


def test_a_word_means_one_thing() -> None:
    words = load_mapping("odoo").words
    # A quotation that was sent is sent to buy and to sell; Odoo alone has both.
    named = {key: {fold(text) for text in texts} for key, texts in words.items()}
    for one, other in combinations(named, 2):
        if {one, other} != {"quotation", "request_for_quotation"}:
            assert not (named[one] & named[other]) - {"en attente"}, (one, other)


def test_a_mapping_adds_words_and_names_them(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        'extends = "woocommerce"\n[words]\ncancelled = ["Zurückgezogen"]\n'
    )
    sheet = load_mapping(str(tmp_path / "map.toml")).sheets[0]
    made = sheet.into[0].columns["status"]
    assert isinstance(made, MappingExpression)
    assert made.map["Zurückgezogen"] == made.map["Storniert"] == "cancelled"


def test_unknown_words_tell_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        "[fx_rates]\nfrom = 'k*'\nskip = { c = ['@canceled'] }\n"
        "columns = { rate_date = 'd', currency = 'c', rate = 'r' }\n"
    )
    with pytest.raises(MappingError, match=r"no words @canceled; is it @cancelled\?"):
        load_mapping(str(tmp_path / "map.toml"))
    (tmp_path / "map.toml").write_text("[words]\ncancelled = 'no'\n")
    with pytest.raises(MappingError, match=r"words.cancelled"):
        load_mapping(str(tmp_path / "map.toml"))
