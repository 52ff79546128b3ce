import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.views import FeatureType
from features.store import encoding
from features.store.columns import ARROW

PROTO_FIELD = {
    "float": "double_val",
    "int": "int64_val",
    "str": "string_val",
    "bool": "bool_val",
    "float[]": "double_list_val",
    "str[]": "string_list_val",
}
TEXT = st.text(max_size=200)
NUMBER = st.floats(allow_nan=False)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "float": NUMBER,
    "int": st.integers(-(2**63), 2**63 - 1),
    "str": TEXT,
    "bool": st.booleans(),
    "float[]": st.lists(NUMBER, max_size=30),
    "str[]": st.lists(TEXT, max_size=5),
}


def feast_bytes(kind: FeatureType, value: object) -> bytes:
    from feast.protos.feast.types.Value_pb2 import Value

    message = Value()
    if value is None:
        return message.SerializeToString()
    if kind.endswith("[]"):
        getattr(message, PROTO_FIELD[kind]).val.extend(value)
        getattr(message, PROTO_FIELD[kind]).SetInParent()
    else:
        setattr(message, PROTO_FIELD[kind], value)
    return message.SerializeToString()


@pytest.mark.parametrize("kind", list(VALUES))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_values_are_encoded_byte_for_byte_as_feast_does(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=8))
    column = pa.chunked_array([pa.array(values, ARROW[kind])])
    encoded = encoding.encode(column, kind)
    assert encoded == [feast_bytes(kind, value) for value in values]
    assert [encoding.decode(value, kind) for value in encoded] == values


def test_slices_of_a_longer_column_are_encoded_alone():
    column = pa.chunked_array([pa.array([[1.0], [2.0, 3.0], None], ARROW["float[]"])]).slice(1)
    expected = [feast_bytes("float[]", [2.0, 3.0]), b""]
    assert encoding.encode(column, "float[]") == expected


def test_an_unknown_element_of_a_list_is_not_a_number():
    column = pa.chunked_array([pa.array([[1.0, None]], ARROW["float[]"])])
    first, second = encoding.decode(encoding.encode(column, "float[]")[0], "float[]")
    assert first == 1.0
    assert math.isnan(second)


def test_a_value_of_another_type_is_unknown():
    assert encoding.decode(feast_bytes("str", "7"), "float") is None
    assert encoding.decode(None, "float") is None


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abcdefgh_", min_size=1), TEXT, min_size=1, max_size=3))
def test_entity_keys_are_feasts(entity):
    from feast.infra.key_encoding_utils import serialize_entity_key
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    message = EntityKey(
        join_keys=list(entity), entity_values=[Value(string_val=value) for value in entity.values()]
    )
    ours = encoding.entity_key(
        encoding.key_prefix(list(entity)), [entity[key] for key in sorted(entity)]
    )
    assert ours == serialize_entity_key(message, entity_key_serialization_version=3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4_000_000_000_000_000))
def test_times_are_feasts_to_the_microsecond(micros):
    from google.protobuf.timestamp_pb2 import Timestamp

    message = Timestamp()
    message.FromMicroseconds(micros)
    assert encoding.stamp(micros) == message.SerializeToString()
    assert encoding.read_stamp(encoding.stamp(micros)) == micros
