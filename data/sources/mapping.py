"""A mapping: which columns of which files become which columns of our tables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


Operands = Annotated[tuple[str | float, ...], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MappingExpression(_Part):
    """How one value is made, row by row. What is not said is not done; the order is that below.

    from: columns (or expressions) of which the first that is filled is taken; `$name` is a value
        of `defaults`.
    value: a constant. join: the parts that are filled, with `with` between them.
    line_of: 1, 2, 3 … among the rows with the same value in that column.
    currency: the currency of an amount (`12,50 €`). replace: text -> text instead.
    pattern: what a regular expression's first group finds. split: parts between that text, of which
        `part` is taken (0 the first, -1 the last).
    map: old value -> new value (letter case and accents do not count; `@name`: any of those words);
        `otherwise`: of values it does not name ("keep" keeps them).
    plus, minus, times, over: arithmetic with columns or numbers, in this order. absolute: without
        its sign.
    hash: SHA-256 of the trimmed lower-case text.
    """

    from_: Annotated[tuple["Source", ...], BeforeValidator(_as_list)] = Field((), alias="from")
    value: str | None = None
    join: tuple["Source", ...] = ()
    with_: str = Field(" ", alias="with")
    line_of: str | None = None
    replace: Mapping[str, str] = {}
    pattern: str | None = None
    split: str | None = None
    part: int = 0
    map: Mapping[str, str] = {}
    otherwise: str | None = "keep"
    plus: Operands = ()
    minus: Operands = ()
    times: Operands = ()
    over: Operands = ()
    absolute: bool = False
    currency: bool = False
    hash: bool = False

    @property
    def headers(self) -> Iterator[str]:
        """Every column it reads."""
        for source in (*self.from_, *self.join):
            yield from headers_of(source)
        operands = (*self.plus, *self.minus, *self.times, *self.over)
        for name in (self.line_of, *operands):
            if isinstance(name, str) and not name.startswith("$"):
                yield name


Source = str | MappingExpression
Specification = str | list[Source] | MappingExpression
Condition = Literal["filled", "empty", "negative", "positive"] | tuple[str, ...]
Conditions = Mapping[str, Condition]


class MappingItems(_Part):
    """Several items in one row: each becomes a row with columns `item.name`, `item.quantity` …

    columns: the columns that hold them (`line_item_*` names many). between: what parts the items of
    one column; None: one item a column. pattern: a regular expression with named groups; or
    between_fields and sign: `name:Album|quantity:2` has `|` and `:`.
    """

    columns: tuple[str, ...]
    between: str | None = None
    pattern: str | None = None
    between_fields: str = "|"
    sign: str = ":"


class Join(_Part):
    """Columns of another sheet beside this one's, as `sheet.column`.

    sheet: its name. left: our column; right: its column with the same value.
    """

    sheet: str
    left: str
    right: str


class Into(_Part):
    """What a sheet gives to one of our tables.

    columns: our column -> how it is made. only, skip: rows that are taken or left, by a column's
    values. once: one row a key, the first. stand_in: the same, and only for keys that nothing else
    and no earlier ingest says more of. patch: rows do not come in, they fill columns of rows of
    the same key in other sheets; `match` names the columns of ours that say which, `onto` the
    values that those rows must have.
    """

    table: str
    columns: Mapping[str, Specification]
    only: Conditions = {}
    skip: Conditions = {}
    once: bool = False
    stand_in: bool = False
    patch: bool = False
    match: tuple[str, ...] = ()
    onto: Mapping[str, tuple[str, ...]] = {}


class Sheet(_Part):
    """One kind of file (or database table) that a system exports.

    has: columns by which it is known (`SKU | Name`: one of both). without: columns that it must not
        have. from: file or table names, with `*`. query: SQL, for databases.
    watermark: the column that grows with every change; of a database only rows from the last one
        on are read.
    fill_down: columns that stand only in the first row of an order; within: the order's number.
    items: several items in a row. joins: columns of other sheets. into: what our tables get.
    note: what a reader of the report should know.
    """

    name: str
    has: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    from_: str | None = Field(None, alias="from")
    query: str | None = None
    watermark: str | None = None
    fill_down: tuple[str, ...] = ()
    within: str | None = None
    items: MappingItems | None = None
    joins: tuple[Join, ...] = ()
    into: tuple[Into, ...] = ()
    note: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Every column the sheet reads, once."""
        names = [name for either in self.has for name in alternatives(either)]
        names += [*self.fill_down, *([self.within] if self.within else [])]
        names += [join.left for join in self.joins]
        for part in self.into:
            for specification in part.columns.values():
                names += headers_of(specification)
            names += [*part.only, *part.skip]
        return tuple(dict.fromkeys(names))


class SourceMapping(_Part):
    """A whole mapping: sheets, names of columns in other languages, and values not in the files.

    words: texts that mean the same, by the name that stands for them all in `map` and in conditions
        (`@cancelled`); they are added to those that any mapping knows.
    """

    title: str = "mapping"
    extends: str | None = None
    defaults: Mapping[str, str] = {}
    words: Mapping[str, tuple[str, ...]] = {}
    headers: Mapping[str, tuple[str, ...]] = {}
    sheets: tuple[Sheet, ...] = ()


def joined_columns(sheets: Iterable[Sheet], name: str) -> list[str]:
    """The columns of a sheet that other sheets join to theirs.

    sheets: all of a mapping. name: of the sheet.
    """
    columns = [join.right for sheet in sheets for join in sheet.joins if join.sheet == name]
    for sheet in sheets:
        columns += [
            header.removeprefix(f"{name}.")
            for header in sheet.headers
            if header.startswith(f"{name}.")
        ]
    return list(dict.fromkeys(columns))


def alternatives(either: str) -> list[str]:
    """The columns of which one is enough: `SKU | Name` names two."""
    return [name.strip() for name in either.split(" | ")]


def headers_of(specification: Specification) -> Iterator[str]:
    """Every column that a specification reads."""
    if isinstance(specification, MappingExpression):
        yield from specification.headers
    elif isinstance(specification, list):
        for source in specification:
            yield from headers_of(source)
    elif not specification.startswith("$"):
        yield specification
