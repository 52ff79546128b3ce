"""What is wrong with how a mapping is written is told in plain sentences, with the nearest key."""

from pathlib import Path

import pytest

from data.sources.loading import MappingError, load_mapping

_SOURCE = "takes a column's name in quotes, a list of them, or { from = … }"
_CONDITION = 'takes "filled", "empty", "negative", "positive", or a list of texts such as'
_IN_ORDERS = "sheet orders into orders: "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[orders.columns]\nquantity = 5", f"{_IN_ORDERS}quantity {_SOURCE}, not 5"),
        ("[orders.columns]\nsku = ['a', 5]", f"{_IN_ORDERS}sku {_SOURCE}, not 5"),
        (
            "[orders.columns]\nstatus = { from = 'a', map = '@x' }",
            f'{_IN_ORDERS}status.map takes a section or {{ … }}, not "@x"',
        ),
        (
            "[orders.columns]\nstatus = ['a', { form = 'b' }]",
            f"{_IN_ORDERS}status: there is no key form; is it from?",
        ),
        (
            "[orders.columns]\nprice = { from = 'a', times = [[1]] }",
            f"{_IN_ORDERS}price.times takes a column's name in quotes or a number, not [1]",
        ),
        ("[orders]\nskip = { a = 'b' }", f'{_IN_ORDERS}skip.a {_CONDITION} ["Draft"], not "b"'),
        ("[orders]\ncolums = {}", "sheet orders: there is no key colums; is it columns?"),
        ("orders = 5", "orders takes a section: [orders] and, below it, what it is made of"),
        ("sheets = [1]", "sheets takes a list of sections, not 1"),
        ("[[sheets]]\nhas = []", "sheet 1: says nothing of name, which it needs"),
        (
            "[[sheets]]\n[[sheets.into]]\nonce = 'x'",
            'sheet 1 into 1: once takes true or false, not "x"',
        ),
        (
            "words = ['X']",
            "words takes a section: [words] and, below it, cancelled = [\"X\"], not ['X']",
        ),
        ("[words]\na = 'X'", 'words.a takes a list such as ["X"], not "X"'),
        ("[words]\na = [1]", "words.a takes a list of texts in quotes, not 1"),
        ("extends = 5", "extends takes a text in quotes, not 5"),
        ("[word]", "there is no key word; is it words?"),
    ],
)
def test_faults_are_plain_sentences(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(MappingError) as raised:
        load_mapping(str(tmp_path / "map.toml"))
    lines = str(raised.value).splitlines()
    assert f"map.toml: {told}" in lines
    assert not any("Input should" in line for line in lines)
