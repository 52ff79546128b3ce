"""The rules' language, CEL (Common Expression Language, cel.dev), typed against a payment.

An expression names the columns of a payment, the model's inputs and the merchant's x_… signals. A
number is a double (write 5000.0), an unknown one compares as false; an unknown text is "".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from data.errors import ArgosyError

LONGEST = 2_000
_NAME = re.compile(r"[A-Za-z_]\w*")
# CEL's macros that go through a list.
_LOOP = re.compile(
    r"\.\s*(all|exists|exists_one|existsOne|map|filter|transformList|transformMap"
    r"|transformMapEntry|sortBy|reduce)\s*\("
)
_VARIABLE_OF_LOOPS = b"@result"  # as a compiled expression that goes through a list names it
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
# What would make `_QUOTED` see the end of a text elsewhere than the library does.
_ODD = re.compile(rf"(?P<odd>//|'''|\"\"\"|(?<!\w)[rRbB]{{1,2}}['\"])|{_QUOTED.pattern}")
_UNKNOWN: Mapping[str, Any] = {"float": float("nan"), "str": "", "bool": False}


class ExpressionError(ArgosyError):
    """An expression does not parse, or does not fit the types of what it names."""


@dataclass(frozen=True)
class Expression:
    """A compiled expression. names: what it reads, each with its type."""

    text: str
    names: tuple[tuple[str, str], ...]
    compiled: Any

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is true of these facts; what cannot be evaluated is not."""
        return self._evaluated(facts) is True

    def fails(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is false of these facts; what cannot be evaluated is not."""
        return self._evaluated(facts) is False

    def raises(self, facts: Mapping[str, Any]) -> bool:
        """Whether these facts cannot be evaluated, although each signal that it names is known."""
        if any(kind == "any" and facts.get(name) is None for name, kind in self.names):
            return False
        return not isinstance(self._evaluated(facts), bool)

    def _evaluated(self, facts: Mapping[str, Any]) -> Any:
        given = {name: facts.get(name) for name, _ in self.names}
        for name, kind in self.names:
            if type(given[name]) is not float or kind != "float":  # as most are
                given[name] = _value(given[name], kind)
        try:
            return self.compiled.eval(data=given).value()
        except (RuntimeError, ValueError, TypeError):  # whatever the library cannot evaluate
            return None


def compiled(text: str, types: Mapping[str, str], *, longest: int = LONGEST) -> Expression:
    """The expression, checked against the types of what it may name.

    text: the expression in CEL; types: name -> float, str or bool; x_… may always be named, and is
    of any type; longest: characters it may have.

    Raises ExpressionError, saying what is wrong and where.
    """
    if len(text) > longest:
        raise ExpressionError(f"the expression has {len(text)} characters; at most {longest}")
    if odd := next((found["odd"] for found in _ODD.finditer(text) if found["odd"]), None):
        raise ExpressionError(
            f"{text!r}: {odd} cannot stand in a rule: comments, raw and triple-quoted texts are "
            "not read; write texts in simple quotes"
        )
    if loop := _LOOP.search(_QUOTED.sub("", text)):
        raise ExpressionError(_going_through(text, loop[1]))
    words = dict.fromkeys(_NAME.findall(_QUOTED.sub("", text)))
    names = tuple(
        (word, types.get(word, "any")) for word in words if word in types or word[:2] == "x_"
    )
    try:
        found = _environment(names).compile(text)
    except RuntimeError as error:
        raise ExpressionError(_told(str(error), text)) from None
    if _VARIABLE_OF_LOOPS in found.serialize():
        raise ExpressionError(_going_through(text, "it"))
    if found.return_type() != cel.Type.BOOL:
        kind = found.return_type().name().lower()
        raise ExpressionError(f"{text!r} gives a {kind}, not true or false; compare it")
    return Expression(text, names, found)


def _going_through(text: str, what: str) -> str:
    return (
        f"{text!r}: {what} goes through a list, which a rule may not: nested, it takes so long "
        "that no payment is answered; compare single values, or use in [..]"
    )


@lru_cache(maxsize=256)
def _environment(names: tuple[tuple[str, str], ...]) -> Any:
    kinds = {"float": cel.Type.DOUBLE, "str": cel.Type.STRING, "bool": cel.Type.BOOL}
    return cel.NewEnv(variables={name: kinds.get(kind, cel.Type.DYN) for name, kind in names})


def _value(value: Any, kind: str) -> Any:
    if kind == "any":
        return float(value) if type(value) is int else value
    if value is None or (kind == "str" and not isinstance(value, str)):
        return _UNKNOWN[kind]
    return float(value) if kind == "float" else value


def _told(message: str, text: str) -> str:
    """The library's message in one line, with the remedy for the commonest fault."""
    first = message.removeprefix("INVALID_ARGUMENT: ").split("\n")[0]
    first = first.removeprefix("ERROR: ").replace("<input>:", "line ")
    said = f"{text!r}: {first}"
    if "double" in first and "int" in first:
        said += "; write numbers with a point, such as 5000.0"
    if "undeclared" in first:
        said += "; a rule may name payment columns, the model's inputs and x_… signals"
    return said
