"""Whatever JSON says, a text that no store can keep is refused, and no other."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.http.errors import Problem
from serving.http.request_text import refuse_control_characters, refuse_unkept_text


def is_kept(text: str) -> bool:
    """True if both databases and UTF-8 can keep the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return not any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text)


def is_refused(body: bytes) -> bool:
    try:
        refuse_unkept_text(body)
    except Problem:
        return True
    return False


ODD = st.sampled_from(["\\", "u", "0000", "\x00", "\x1f", "\ud83d", "\ude00", "\n", "é"])


@given(st.lists(st.one_of(ODD, st.text(max_size=3)), max_size=6).map("".join))
@example("\\u0000")
@example("\b")
@example("\f")
@example("\\\x00")
@example("\ud83d\ude00")
@example("\ude00\ud83d")
@example("\ud83d\ud83d\ude00")
def test_a_body_is_refused_exactly_where_no_store_could_keep_its_text(text: str) -> None:
    body = json.dumps({"id": text}).encode()
    meant = json.loads(body)["id"]
    assert is_refused(body) == (not is_kept(meant))


@given(st.one_of(st.binary(max_size=4), st.text(max_size=4).map(str.encode)))
@example(b"\xed\xa0\x80")
@example(b"\xc0\x80")
@example(b"\xff")
def test_a_body_is_refused_exactly_where_its_bytes_are_no_text(raw: bytes) -> None:
    raw = bytes(each for each in raw if each >= 0x20 and each not in b'"\\')
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert is_refused(b'{"id": "%b"}' % raw)
    else:
        assert not is_refused(b'{"id": "%b"}' % raw)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_a_body_in_another_encoding_is_refused(encoding: str) -> None:
    assert is_refused('{"id": "\\u0000"}'.encode(encoding))
    assert is_refused('{"id": "a"}'.encode(encoding))


@pytest.mark.parametrize("query", [b"a=%00", b"a=x%0Ay", b"a=%7f"])
def test_a_control_character_in_the_query_is_refused(query: bytes) -> None:
    with pytest.raises(Problem):
        refuse_control_characters({"raw_path": b"/v1/x", "query_string": query})


def test_a_control_character_in_the_path_is_refused() -> None:
    with pytest.raises(Problem):
        refuse_control_characters({"raw_path": b"/v1/a%00b", "query_string": b""})
    refuse_control_characters({"raw_path": b"/v1/a%20b%2Fc", "query_string": b"q=%E2%82%AC"})
