"""What an analyst sets: lists and rules."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from decisions.fraud.controls import LIST, RULE
from decisions.fraud.expressions import LONGEST, ExpressionError
from decisions.fraud.feedback import Moment
from decisions.fraud.history import DryRun, dry_run, recent_share
from decisions.fraud.lists import (
    MOST_ENTRIES,
    Column,
    EntryValueError,
    ListName,
    entry_of,
    normal_form,
)
from decisions.fraud.live_engine import LiveEngine
from decisions.fraud.rules import SHIPPED, TYPES, About, FraudRule, rule_example, vars_of
from decisions.fraud.snoozes import (
    SNOOZE,
    can_be_snoozed,
    snooze_key,
    snooze_of,
)
from decisions.runtime import Runtime
from models.fraud import Action
from serving.http.auth import scoped
from serving.http.bodies import schema, valid
from serving.http.errors import FieldFault, Problem
from serving.http.fraud.schemas import json_body
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, Page, cut_page

_Body = Annotated[Any, Depends(json_body)]
_ListName = Annotated[ListName | None, Query(alias="list")]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=512)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_LAST_DECISIONS = 1_000  # looked at for rules that failed
_MAY = [Depends(scoped("review"))]
FEWEST_DECISIONS = 20  # from which on a rule is held against them before it is saved


class EntryBody(BaseModel):
    """An entry of a list; `expires_at` null is never. `removed` takes it from the list."""

    model_config = ConfigDict(extra="forbid")

    list: ListName
    column: Column
    value: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    reason: _Line
    expires_at: Moment | None = None
    removed: StrictBool = False


class EntryAnswer(BaseModel):
    """hits: decisions on payments that it named, so far; removed: true where it was taken away."""

    entry_id: str
    list: ListName
    column: Column
    value: str
    reason: str
    author: str
    added_at: datetime
    expires_at: datetime | None
    hits: int
    removed: bool = False


class EntriesBody(BaseModel):
    """Several entries."""

    model_config = ConfigDict(extra="forbid")

    entries: list[EntryBody] = Field(min_length=1, max_length=10_000)


class EntriesKept(BaseModel):
    """How many entries were written down, and their ids in the order of the request."""

    entries: int
    entry_ids: list[str]


class EntryPage(Page[EntryAnswer]):
    """Entries, the newest first."""


class RuleBody(BaseModel):
    """A rule; one of the same name takes the place of the former. `active` false takes it away;
    `force` true saves one that would stop a large share of payments."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    text: _Line
    when: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
    action: Action
    about: About = "payment"
    active: StrictBool = True
    force: StrictBool = False


class RuleAnswer(BaseModel):
    """origin: shipped with Argosy, or the merchant's own. failures: of the last 1,000 decisions,
    those for which it could not be evaluated; it did not hold then. can_be_snoozed: for one
    customer, see `POST /v1/fraud/rules/snoozes`."""

    name: str
    text: str
    when: str
    action: Action
    about: About
    origin: Literal["shipped", "own"]
    failures: int = 0
    can_be_snoozed: bool = True


class RulePage(BaseModel):
    """The rules in use. version: equal rules, equal version; it stands in every decision."""

    version: str
    data: list[RuleAnswer]


class RuleField(BaseModel):
    """What a rule may name. type: float, str or bool; example: a rule that names it."""

    name: str
    type: Literal["float", "str", "bool"]
    example: str


class RuleFields(BaseModel):
    """The fields, by name. Besides, a rule may name your own signals, x_… of any type."""

    about: About
    data: list[RuleField]


class RuleTrial(BaseModel):
    """A rule to try on the payments of the last days."""

    model_config = ConfigDict(extra="forbid")

    rule: RuleBody
    days: int = Field(90, ge=1, le=3650)


class SnoozeBody(BaseModel):
    """A rule that shall not hold for one customer until then; a time that is past ends it."""

    model_config = ConfigDict(extra="forbid")

    rule: _Name
    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    until: Moment
    reason: _Line


class SnoozeAnswer(BaseModel):
    """A rule that is snoozed for a customer."""

    rule: str
    customer_id: str
    until: datetime
    reason: str
    author: str
    at: datetime


class SnoozePage(Page[SnoozeAnswer]):
    """Snoozes that hold, the newest first."""


def routes_of(runtime: Runtime, engine: LiveEngine) -> APIRouter:
    """Lists and rules.

    runtime: the stores and releases in use; engine: the live one, which reads the desk again when
    it was changed.
    """
    routes = APIRouter(prefix="/v1/fraud", dependencies=_MAY)
    _lists(routes, runtime, engine)
    _rules(routes, runtime, engine)
    _snoozes(routes, runtime, engine)
    return routes


def _lists(routes: APIRouter, runtime: Runtime, engine: LiveEngine) -> None:
    @routes.get("/lists")
    def list_list_entries(
        name: _ListName = None, limit: Limit = 100, cursor: Cursor = None
    ) -> EntryPage:
        """The entries of the lists with their hits, the newest first; also those expired."""
        hits = runtime.records.decision_sums.list_hits()
        entries = [e for e in engine.current().lists.all() if name in (None, e.list)]
        answers = [
            EntryAnswer(**vars(entry), hits=hits.get(entry.entry_id, 0)) for entry in entries
        ]
        return EntryPage(**cut_page(answers, limit, cursor))

    @routes.post(
        "/lists",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=EntryAnswer,
        openapi_extra=schema(EntryBody),
    )
    def set_list_entry(request: Request, body: _Body) -> Response:
        """Put an entry on a list, change it, or take it away. It acts at once; in other workers
        within `reload_seconds`."""
        given = valid(EntryBody, body)
        key = _entry_id(given, "/value")

        def work() -> EntryAnswer:
            _must_fit(engine, [key])
            text = given.model_dump(mode="json", exclude_none=True)
            note = runtime.records.journal.add(LIST, key, author=author(request), body=text)
            engine.changed()
            hits = runtime.records.decision_sums.list_hits().get(key, 0)
            return EntryAnswer(**vars(entry_of(note)), hits=hits, removed=given.removed)

        return once(runtime, request, given, work, status=201)

    @routes.post(
        "/lists:bulk",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=EntriesKept,
        openapi_extra=schema(EntriesBody),
    )
    def set_list_entries(request: Request, body: _Body) -> Response:
        """Put up to 10,000 entries on lists, change them, or take them away, all or none."""
        given = valid(EntriesBody, body)
        keys = [
            _entry_id(each, f"/entries/{place}/value") for place, each in enumerate(given.entries)
        ]

        def work() -> EntriesKept:
            _must_fit(engine, keys)
            bodies = [each.model_dump(mode="json", exclude_none=True) for each in given.entries]
            notes = list(zip(keys, bodies, strict=True))
            runtime.records.journal.add_many(LIST, notes, author=author(request))
            engine.changed()
            return EntriesKept(entries=len(keys), entry_ids=keys)

        return once(runtime, request, given, work, status=201)


def _must_fit(engine: LiveEngine, keys: Sequence[str]) -> None:
    """Problem 409 where the lists would have more than MOST_ENTRIES entries."""
    known = {entry.entry_id for entry in engine.current().lists.all()}
    count = len(known.union(keys))
    if count > MOST_ENTRIES and not known.issuperset(keys):
        message = f"The lists would have {count:,} entries, at most {MOST_ENTRIES:,}; remove some."
        raise Problem(409, "lists_full", message)


def _entry_id(given: EntryBody, pointer: str) -> str:
    """`entry_id`; Problem 422 for a value that is none of its column."""
    try:
        return entry_id(given)
    except EntryValueError as error:
        raise _faulty(pointer, str(error)) from None


def entry_id(given: EntryBody) -> str:
    """Of list, column and value: the same entry again is the same. Raises EntryValueError."""
    text = f"{given.list}\x1f{given.column}\x1f{normal_form(given.column, given.value)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _rules(routes: APIRouter, runtime: Runtime, engine: LiveEngine) -> None:
    @routes.get("/rules")
    def list_rules() -> RulePage:
        """The rules in use, and their version."""
        used = engine.current().rules
        last = runtime.records.last_decisions(_LAST_DECISIONS)
        failed = Counter(name for each in last for name in each.rules_failed)
        rules = [_told(rule, failed[rule.name]) for rule in used.rules]
        return RulePage(version=used.version, data=rules)

    @routes.get("/rules/fields")
    def list_rule_fields(about: About = "payment") -> RuleFields:
        """What a rule may name, with types and examples: columns, model inputs, lists."""
        fields = [
            RuleField(name=name, type=kind, example=rule_example(name, kind))
            for name, kind in sorted(TYPES[about].items())
        ]
        return RuleFields(about=about, data=fields)

    @routes.post(
        "/rules",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=RulePage,
        openapi_extra=schema(RuleBody),
    )
    def set_rule(request: Request, body: _Body) -> Response:
        """Add a rule, change one, or take one away; the answer has the new version. Try it first:
        `POST /v1/fraud/rules/dry-run`."""
        given = valid(RuleBody, body)
        made = _rule(given, "/when")

        def work() -> RulePage:
            if given.active and not given.force:
                _must_be_narrow(runtime, made)
            text = given.model_dump(exclude={"name", "force"})
            runtime.records.journal.add(RULE, given.name, author=author(request), body=text)
            engine.changed()
            return list_rules()

        return once(runtime, request, given, work, status=201)

    @routes.post("/rules/dry-run", openapi_extra=schema(RuleTrial))
    def try_rule(body: _Body) -> DryRun:
        """What a rule would have done on history: frauds caught, customers hurt, money."""
        given = valid(RuleTrial, body)
        if given.rule.about != "payment":
            raise _faulty("/rule/about", "Only rules about payments have a history to try them on")
        found = _rule(given.rule, "/rule/when")
        return dry_run(runtime, found, engine.current().lists, days=given.days)


def _snoozes(routes: APIRouter, runtime: Runtime, engine: LiveEngine) -> None:
    @routes.get("/rules/snoozes")
    def list_rule_snoozes(limit: Limit = 100, cursor: Cursor = None) -> SnoozePage:
        """The rules that are snoozed for a customer now, the newest first."""
        found = engine.current().snoozes.active(now())
        return SnoozePage(**cut_page([SnoozeAnswer(**vars(each)) for each in found], limit, cursor))

    @routes.post(
        "/rules/snoozes",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=SnoozeAnswer,
        openapi_extra=schema(SnoozeBody),
    )
    def snooze_rule(request: Request, body: _Body) -> Response:
        """Let a rule not hold for one customer until some time: it is known to be wrong about them.
        Rules against card testing, lists and second refunds cannot be snoozed."""
        given = valid(SnoozeBody, body)
        _must_be_snoozable(engine, given)

        def work() -> SnoozeAnswer:
            key = snooze_key(given.rule, given.customer_id)
            text = given.model_dump(mode="json")
            note = runtime.records.journal.add(SNOOZE, key, author=author(request), body=text)
            engine.changed()
            return SnoozeAnswer(**vars(snooze_of(note)))

        return once(runtime, request, given, work, status=201)


def _must_be_snoozable(engine: LiveEngine, given: SnoozeBody) -> None:
    """Problem 422 for a rule that is not in use or cannot be snoozed."""
    known = {rule.name: rule for rule in engine.current().rules.rules}
    if given.rule not in known:
        raise _faulty("/rule", f"There is no rule {given.rule}; see GET /v1/fraud/rules")
    if not can_be_snoozed(known[given.rule]):
        raise _faulty("/rule", f"The rule {given.rule} cannot be snoozed")


def _must_be_narrow(runtime: Runtime, rule: FraudRule) -> None:
    """Problem 409 for a rule that would have blocked or sent to review more of the last payments
    than may be (`fraud_most_blocks`): a slip of the pen, more likely than not."""
    if rule.about != "payment" or rule.action not in {"block", "review"}:
        return
    share, count = recent_share(runtime.records, rule)
    most = runtime.settings.fraud_most_blocks
    if count >= FEWEST_DECISIONS and share > most:
        message = (
            f"The rule would {rule.action} {share:.0%} of the last {count} payments; more than "
            f"{most:.0%} is taken for a mistake. Correct it, or send force: true."
        )
        raise Problem(409, "rule_too_wide", message)


def _rule(given: RuleBody, pointer: str) -> FraudRule:
    """The rule, compiled; Problem 422 where the expression is none."""
    made = FraudRule(**given.model_dump(exclude={"active", "force"}))
    try:
        made.expression  # noqa: B018  # compiled to see whether it is one
    except ExpressionError as error:
        raise _faulty(pointer, str(error)) from None
    return made


def _faulty(pointer: str, message: str) -> Problem:
    fault = FieldFault(pointer, message)
    return Problem(422, "invalid_request", f"Not valid: body {pointer}.", fields=[fault])


def _told(rule: FraudRule, failures: int) -> RuleAnswer:
    origin = "shipped" if rule in SHIPPED else "own"
    more = {"origin": origin, "failures": failures, "can_be_snoozed": can_be_snoozed(rule)}
    return RuleAnswer.model_validate({**vars_of(rule), **more})


def author(request: Request) -> str:
    """Whose key was shown."""
    caller = getattr(request.state, "caller", None)
    return caller.name if caller else "anyone"


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
