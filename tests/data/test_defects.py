from pathlib import Path

from data.defects import keep_defect


def raised() -> Exception:
    try:
        {}["price"]
    except KeyError as error:
        return error
    raise AssertionError


def test_a_defect_is_one_sentence_that_names_the_file_with_its_details(tmp_path: Path) -> None:
    told = keep_defect(raised(), tmp_path / "home")
    (file,) = (tmp_path / "home" / "defects").iterdir()
    assert told == (
        f"this is a defect of Argosy (KeyError: 'price'); please report it with the file {file}"
    )
    assert "Traceback" in file.read_text()


def test_where_the_home_cannot_be_written_the_file_is_a_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    file = Path(keep_defect(raised(), tmp_path / "home").rsplit(" ", 1)[1])
    assert "Traceback" in file.read_text()
    file.unlink()
