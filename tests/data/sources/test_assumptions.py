"""What a source does not say is told."""

from pathlib import Path

from data.lake import Lake
from tests.data.sources import exports
from tests.data.sources.taking import take


def test_what_was_taken_instead_is_told_with_the_remedy(tmp_path: Path) -> None:
    exports.magento(tmp_path / "in")
    report = take(Lake(tmp_path / "lake"), tmp_path / "in", "magento", country="DE")
    (told,) = [text for text in report.assumed if "times without a zone" in text][:1]
    assert "taken as UTC (say --set time_zone=Europe/Berlin" in told
