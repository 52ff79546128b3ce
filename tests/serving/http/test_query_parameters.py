"""A parameter of no meaning is a fault that names the nearest one."""

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from serving.http.errors import Problem
from serving.http.query_parameters import refuse_unknown_parameters

app = FastAPI(dependencies=[Depends(refuse_unknown_parameters)])


@app.get("/list")
def list_things(limit: int = 5, market: str = "") -> dict[str, int]:
    return {"limit": limit}


@app.get("/bare")
def show_thing() -> dict[str, int]:
    return {}


CLIENT = TestClient(app)


def test_known_parameters_are_let_through() -> None:
    assert CLIENT.get("/list?limit=3&market=DE").json() == {"limit": 3}
    assert CLIENT.get("/bare").status_code == 200


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/list?limits=3", "is it 'limit'"),
        ("/list?colour=red", "there are limit, market"),
        ("/bare?x=1", "there are none"),
    ],
)
def test_an_unknown_one_is_a_fault(path: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        CLIENT.get(path)
    (fault,) = refused.value.fields
    assert refused.value.status == 422
    assert said in fault.message
