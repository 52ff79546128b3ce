"""States that a mapping does not know, and rows that their state leaves out, in words."""

from collections.abc import Iterator, Sequence

import pandas as pd

from data.sources.assumptions import Notes
from data.sources.evaluating import Rows, Texts, evaluate, selected
from data.sources.mapping import Into, MappingExpression, Specification
from data.sources.places import fold
from data.sources.shaping import ROW, taken_rows

_MOST_TOLD = 50


def note_states(parts: Sequence[Into], label: str, rows: Rows, notes: Notes) -> None:
    """Note which rows are left out by their state, and the states that the mapping does not name.

    parts: what the sheet gives. label: its file, for people. rows: all of it. notes: where to.
    """
    for into in parts:
        kept = taken_rows(into, rows)
        for name, specification in into.columns.items():
            for expression, texts in _told_apart(specification, kept):
                known = {fold(text) for text in expression.map}
                unknown = texts[[fold(str(text)) not in known for text in texts]]
                if told := _counted(unknown, kept):
                    notes.assumed[
                        f"{into.table}.{name} is {expression.otherwise} where {label} says "
                        f"{told} (a mapping that extends this one may name them under [words])"
                    ] = None
        if not into.patch and not into.stand_in:
            for name, condition in into.skip.items():
                if isinstance(condition, tuple):
                    _note_skipped(into, name, label, rows, notes)


def _note_skipped(into: Into, column: str, label: str, rows: Rows, notes: Notes) -> None:
    """Note the rows that one column's texts leave out."""
    left = selected(into.only, rows, otherwise=True)
    left &= selected({column: into.skip[column]}, rows, otherwise=False)
    texts = rows.column(column)[left]
    if told := _counted(texts, rows):
        count = rows.data.loc[texts.index, ROW].nunique()
        what = "row is" if count == 1 else "rows are"
        notes.assumed[
            f"{label}: {count:,} {what} left out of {into.table.replace('_', ' ')}: {told}"
        ] = None


def _told_apart(
    specification: Specification, rows: Rows
) -> Iterator[tuple[MappingExpression, Texts]]:
    """Maps that know texts, those that mean `otherwise` among them, and the texts they are given.

    Of several sources each is asked only where those before it say nothing.
    """
    sources = specification if isinstance(specification, list) else [specification]
    left = rows
    for source in sources:
        if isinstance(source, MappingExpression) and source.otherwise in source.map.values():
            asked = source.model_copy(update={"map": {}, "otherwise": "keep"})
            yield source, evaluate(asked, left, "text").dropna()
        if len(sources) > 1:
            undecided = evaluate(source, left, "text").isna()
            left = Rows(left.data[undecided], left.constants, left.locale)


def _counted(texts: Texts, rows: Rows) -> str:
    """`Storniert (3), Offen (1)`: different texts and their rows, the commonest first.

    texts: some rows' texts. rows: the sheet, which says which of them are one row of the file.
    """
    said = pd.DataFrame({"text": texts.astype(str).str.strip(), "row": rows.data[ROW]}).dropna()
    counts = said.drop_duplicates()["text"].value_counts()
    told = [f"{text} ({count:,})" for text, count in counts.items()]
    more = [f"and {len(told) - _MOST_TOLD:,} more"] if len(told) > _MOST_TOLD else []
    return ", ".join([*told[:_MOST_TOLD], *more])
