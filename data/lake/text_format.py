"""The encoding and the separator of a text file, found from its first bytes."""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

UNPACK = "it is compressed; unpack it"
SAMPLE_BYTES = 1 << 20
_LONGEST_LINE = 100_000  # Python's csv takes no longer field
_SEPARATORS = (",", ";", "\t", "|")
_WHOLLY_QUOTED = re.compile(r'(?:^|\t)"[^\t\n]*"(?:\t|\r?\n|$)')
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The code pages in which shop systems and spreadsheets write.
_CODE_PAGES = (
    "cp1252",
    "cp932",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "gb18030",
    "big5",
    "cp949",
    "mac_roman",
)

# The letters beyond ASCII of languages, by the code page they are written in: pages that share most
# of their letters cannot be told apart otherwise (`Añadido` and `Ańadido` are the same bytes).
_LETTERS = (
    ("cp1252", ("äöüß", "éèêëàâùûüîïôçœæ", "áéíóúñü", "áâãàçéêíóôõú", "àèéìòù", "åäöéáà", "æøåé",
                "ëéïöüèá")),
    ("cp1250", ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ",
                "čćđšž")),
    ("cp1254", ("çğıöşüâîé",)),
)  # fmt: skip
# What any of them may hold besides; a dot is what lower case leaves of İ.
_ANYWHERE = frozenset("€£§°–—‘’“”„…«»¿¡ºª½¼²³×·•™®©\u00a0\u0307")
_MOST_LETTERS = 10_000
_MOST_STRANGE = 0.1  # share of letters that a language does not have, at most


@dataclass(frozen=True)
class TextFormat:
    """How a text file is written.

    encoding: a Python codec. separator: between fields. quoted: True if fields may stand in double
    quotes; in exports parted by tabs a quote is often just an inch.
    """

    encoding: str = "utf-8-sig"
    separator: str = ","
    quoted: bool = True


COMMA_SEPARATED = TextFormat()


def find_text_format(path: Path) -> TextFormat:
    """The format of a file, from its first megabyte.

    Raises ValueError for a file that is empty, compressed or not text.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample.strip():
        raise ValueError("it is empty")
    if sample.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise ValueError(UNPACK)
    encoding = find_encoding(sample, whole=len(sample) < SAMPLE_BYTES)
    text = sample.decode(encoding, errors="ignore")
    if "\x00" in text:
        raise ValueError("it is not text")
    separator = find_separator(text)
    quoted = separator != "\t" or bool(_WHOLLY_QUOTED.search(text))
    return TextFormat(encoding, separator, quoted)


def is_packed(path: Path) -> bool:
    """True for a file that its name calls compressed, or an archive."""
    return path.suffix.lower() in (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tgz")


def find_encoding(sample: bytes, *, whole: bool = True) -> str:
    """The codec that reads the bytes.

    sample: the file's first bytes. whole: True if they are all of it (a last character that is cut
    off is no fault otherwise).
    """
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    zeros = sample[:2000]
    if zeros[1::2].count(0) > len(zeros) // 4:
        return "utf-16-le"
    if zeros[0::2].count(0) > len(zeros) // 4:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=whole)
    except UnicodeDecodeError:
        return "utf-8-sig" if _is_broken_utf8(sample) else _code_page(sample)
    return "utf-8-sig"


def find_separator(text: str) -> str:
    """The separator whose count is the same in most of the first lines, most fields first."""
    lines = [line[:_LONGEST_LINE] for line in _first_lines(text) if line.strip()]

    def fitness(separator: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        split = {width: times for width, times in widths.items() if width > 1}
        if not split:
            return (0, 0)
        width, times = max(split.items(), key=lambda item: (item[1], item[0]))
        return (times, width)

    return max(_SEPARATORS, key=fitness)


def _first_lines(text: str, most: int = 50) -> list[str]:
    found = []
    for line in io.StringIO(text[:200_000]):
        found.append(line)
        if len(found) == most:
            break
    return found


def _is_broken_utf8(sample: bytes) -> bool:
    """True if more characters beyond ASCII are good UTF-8 than are not: no code page does that."""
    text = sample.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    return sum(not letter.isascii() for letter in text) - bad > bad


def _code_page(sample: bytes) -> str:
    """The likeliest code page; Western European when none is likelier."""
    beyond = sample.translate(None, bytes(range(128)))[:_MOST_LETTERS]  # one byte a letter
    strange, page = min(
        (
            (_strange(beyond.decode(name, errors="replace"), letters), name)
            for name, languages in _LETTERS
            for letters in languages
        ),
        key=lambda found: found[0],  # of equals the first: the commonest page
    )
    if strange <= _MOST_STRANGE:
        return page
    best = from_bytes(sample[:50_000], cp_isolation=list(_CODE_PAGES)).best()
    return best.encoding if best is not None else "cp1252"


def _strange(text: str, letters: str) -> float:
    """The share of the characters beyond ASCII that a language does not have.

    text: these characters, as one code page reads them. letters: of the language, in lower case.
    """
    beyond = [letter for letter in text.lower() if not letter.isascii()]
    odd = sum(letter not in letters and letter not in _ANYWHERE for letter in beyond)
    return odd / max(len(beyond), 1)
