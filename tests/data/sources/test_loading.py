"""A mapping is checked as a whole before anything is read; all its faults are told at once."""

from pathlib import Path

import pytest

from data.sources.loading import MappingError, load_mapping, preset_names


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
