"""A mapping is checked as a whole before anything is read; all its faults are told at once."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from data.sources.loading import MappingError, expressions, load_mapping, preset_names
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
        ("sheet = 1", "there is no key sheet; is it sheets"),
        ("[orders]\ncolums = {}", "colums"),
    ],
)
def test_what_is_no_mapping_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(MappingError, match=told):
        load_mapping(str(tmp_path / "map.toml"))


def test_a_mapping_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text("# Bestellungen für den Shop", "latin-1")
    with pytest.raises(MappingError, match=r"^map.toml is not UTF-8.*save it"):
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
            if into.table != "orders" or into.patch or "status" not in into.columns:
                continue
            maps = [made.map for made in expressions(into.columns["status"])]
            for new in ("cancelled", "returned"):
                texts = {fold(old) for one in maps for old, mine in one.items() if mine == new}
                known.setdefault(new, set()).add(frozenset(texts))
    shipped = load_mapping(name).words
    for new, words in (("cancelled", "cancelled"), ("returned", "refunded")):
        assert all({fold(text) for text in shipped[words]} <= found for found in known[new])
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
    with pytest.raises(MappingError, match=r'words.cancelled takes a list such as \["no"\]'):
        load_mapping(str(tmp_path / "map.toml"))


def test_words_that_nothing_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('extends = "woocommerce"\n[words]\ncanceled = ["Weg"]\n')
    told = "no part of the mapping names @canceled; is it cancelled?"
    with pytest.raises(MappingError, match=re.escape(told)):
        load_mapping(str(tmp_path / "map.toml"))


def test_a_text_in_two_words_of_one_map_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        'extends = "woocommerce"\n[words]\nplaced = ["CANCELADO", "En attente"]\n'
    )
    told = "'CANCELADO' is both in @cancelled and in @placed"
    with pytest.raises(MappingError, match=re.escape(told)) as raised:
        load_mapping(str(tmp_path / "map.toml"))
    assert "En attente" not in str(raised.value)


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        ({"a": "a.toml"}, "a.toml → a.toml"),
        ({"a": "b.toml", "b": "{folder}/a.toml"}, "a.toml → b.toml → a.toml"),
        ({"a": "b.toml", "b": "./b.toml"}, "b.toml → b.toml"),
    ],
)
def test_a_circle_of_mappings_is_told(tmp_path: Path, files: dict[str, str], circle: str) -> None:
    for name, base in files.items():
        text = f'extends = "{base.format(folder=tmp_path)}"\n'
        (tmp_path / f"{name}.toml").write_text(text)
    with pytest.raises(MappingError, match=f"extends goes round in a circle: {circle}$"):
        load_mapping(str(tmp_path / "a.toml"))


def test_a_path_in_extends_is_beside_the_mapping_else_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "maps").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    base = 'extends = "woocommerce"\n[defaults]\ncountry = "{}"\n'
    (tmp_path / "here" / "base.toml").write_text(base.format("ES"))
    (tmp_path / "maps" / "own.toml").write_text('extends = "base.toml"\n')
    own = str(tmp_path / "maps" / "own.toml")
    assert load_mapping(own).defaults["country"] == "ES"
    (tmp_path / "maps" / "base.toml").write_text(base.format("DE"))
    assert load_mapping(own).defaults["country"] == "DE"
