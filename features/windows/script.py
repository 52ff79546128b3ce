"""`state.advance` as a script that Redis runs: one call reads, answers, adds and remembers."""

from collections.abc import Iterable, Sequence

from features.windows.plan import IDLE_MS, MISSING, WINDOWS, VelocityPlan
from features.windows.state import BUCKETS, PARTNERS, TOTALS, State

# How states lie in Redis; part of every key's name, so that workers of two versions do not meet.
LAYOUT = 2

# KEYS: the name of the filling in use, the event's id, then one a key of the plan, and one of its
# streak. ARGV[1]: JSON of [at, measures, the digest of each column of the plan ("" where the event
# lacks it), ms to keep a state, ms to keep an id, whether the streak ends]; ARGV[2]: the filling
# that the keys are of. When that is not in use any more, nothing is done and nil is answered; else
# the values, as doubles. What a window or a key does not count is not worked out. A state is laid
# out as `laid` says, packed with cmsgpack: one table is read and one is written a key, which is
# faster than tables in tables.
_OBSERVE = """
local windows, slots, missing, idle, caps = {windows}, {slots}, {missing}, {idle}, {caps}
local spans, distinct = {spans}, unpack({distinct})  -- windows counted: of each key, of partners
local columns, partners = {columns}, {partners}  -- of each key: places in the digests
local unpacked, pack = cmsgpack.unpack, cmsgpack.pack
local stored = redis.call('MGET', unpack(KEYS))
if (stored[1] or '') ~= ARGV[2] then return false end
local known = stored[2]
local function told(answer) return struct.pack('{doubles}', unpack(answer)) end
if known and known ~= '' then return told(unpacked(known)) end
local at, added, digests, keep_state, keep_id, ends_streak = unpack(cjson.decode(ARGV[1]))
local one, two, three, four, five, six = unpack(added)
local paid, count = one > 0, #windows
local declined = math.max(three, 0)
local answer, n, flat = {unknown}, 0, {{}}
for k = 1, #slots do
  local picks, own, counted, there = slots[k], columns[k], spans[k], true
  for i = 1, #own do there = there and digests[own[i]] ~= '' end
  if there then
    local text = stored[k + 2]
    local state = text and unpacked(text)
    if not state or at - state[1] > idle then
      state = {{missing, missing, missing, missing, missing, 0, 0, 0, 0, 0, 0}}
    end
    local now, first, last, fraud, since = state[1], state[2], state[3], state[4], state[5]
    if at > now then now = at end
    local to, from, size = 11, 12, 4 * count
    local n1, n2, n3, n4, n5, n6 = unpack(state, 6, 11)
    flat[size + 1], flat[size + 2], flat[size + 3] = n1, n2, n3
    flat[size + 4], flat[size + 5], flat[size + 6] = n4, n5, n6
    local after = {{now, first, last, fraud, since, n1 + one, n2 + two, math.max(n3 + three, 0),
      n4 + four, n5 + five, n6 + six}}
    for w = 1, count do
      if counted[w] then
        local granule = windows[w][1]
        local bucket = (now - now % granule) / granule
        local low, ends, i = bucket - windows[w][2], from + (state[from] or 0), from + 1
        while i <= ends and state[i] <= low do i = i + 5 end
        local head, payments, cents, declines, frauds, first_fraud = to + 1, 0, 0, 0, 0, missing
        after[head], to, from = 0, head, ends + 1
        while i <= ends do
          local a, b, c, d = state[i + 1], state[i + 2], state[i + 3], state[i + 4]
          payments, cents, declines, frauds = payments + a, cents + b, declines + c, frauds + d
          if d > 0 and first_fraud == missing then first_fraud = (bucket - state[i]) * granule end
          after[to + 1], after[to + 2], after[to + 3] = state[i], a, b
          after[to + 4], after[to + 5] = c, d
          to, i = to + 5, i + 5
        end
        if three < 0 then
          local since, place = (at - at % granule) / granule, head + 1
          while place < to and (after[place] < since or after[place + 3] <= 0) do
            place = place + 5
          end
          if place < to then after[place + 3] = after[place + 3] - 1 end
        end
        if to > head and after[to - 4] == bucket then
          after[to - 3], after[to - 2] = after[to - 3] + one, after[to - 2] + two
          after[to - 1], after[to] = after[to - 1] + declined, after[to] + four
        else
          after[to + 1], after[to + 2], after[to + 3] = bucket, one, two
          after[to + 4], after[to + 5] = declined, four
          to = to + 5
        end
        after[head] = to - head
        local place = 4 * w
        flat[place - 3], flat[place - 2], flat[place - 1] = payments, cents, declines
        flat[place], flat[4 * count + 10 + w] = frauds, first_fraud
      end
    end
    flat[size + 7] = last ~= missing and now - last or missing
    flat[size + 8] = first ~= missing and now - first or missing
    flat[size + 9] = fraud ~= missing and now - fraud or missing
    flat[size + 10] = since
    size = size + 10 + count
    local met_by, leasts = partners[k], {{}}
    for w = 1, count do
      if distinct[w] and #met_by > 0 then
        local granule = windows[w][1]
        leasts[w] = now - now % granule - (windows[w][2] - 1) * granule
      end
    end
    for p = 1, #met_by do
      local name, begins, ends = digests[met_by[p]], from + 1, from + (state[from] or 0)
      local met = paid and name ~= ''
      for w = 1, count do
        if distinct[w] then
          local least, seen = leasts[w], 0
          for i = begins + 1, ends, 2 do
            if state[i] >= least then seen = seen + 1 end
          end
          flat[size + w] = seen
        end
      end
      size, from = size + count, ends + 1
      local head, full = to + 1, ends - begins + 1 == 2 * caps[k]
      after[head], to = 0, head
      if met and full then
        for i = begins, ends, 2 do full = full and state[i] ~= name end
        if full then begins = begins + 2 end
      end
      for i = begins, ends, 2 do
        if not met or state[i] ~= name then
          after[to + 1], after[to + 2] = state[i], state[i + 1]
          to = to + 2
        end
      end
      if met then
        after[to + 1], after[to + 2] = name, now
        to = to + 2
      end
      after[head] = to - head
    end
    if four > 0 then
      after[4], after[5] = now, one
    elseif since ~= missing then
      after[5] = since + one
    end
    if paid then
      if first == missing then after[2] = now end
      after[3] = now
    end
    for i = 1, #picks do answer[n + i] = flat[picks[i]] end
    if not known then
      redis.call('SET', KEYS[k + 2], pack(after), 'PX', keep_state)
    end
  end
  n = n + #picks
end
{streak}redis.call('SET', KEYS[2], pack(answer), 'PX', keep_id)
return told(answer)
"""
_STREAK = """
if digests[{place}] ~= '' then
  local text, name = stored[#slots + 3], KEYS[#slots + 3]
  local run = text and unpacked(text) or {{0, 0}}
  answer[n + 1], answer[n + 2] = run[1], run[2]
  if not known and (one > 0 or ends_streak) then
    local after = ends_streak and {{0, 0}} or {{run[1] + one, run[2] + two}}
    redis.call('SET', name, pack(after), 'PX', keep_state)
  end
end
"""
LOAD = """
for i, key in ipairs(KEYS) do
  redis.call('SET', key, cmsgpack.pack(cjson.decode(ARGV[i])), 'PX', ARGV[#ARGV])
end
"""


def laid(state: State, spans: Sequence[bool]) -> list[int | str]:
    """A state as the script lays it out: clock, first, last, report, since, the totals; then the
    buckets of each counted window and the partners of each column, their length before each.

    state: of one key; spans: `VelocityPlan.spans` of the key, none for a streak, whose state is as
    it is.
    """
    if not spans:
        return state
    counted = [kept for kept, spanned in zip(state[BUCKETS], spans, strict=True) if spanned]
    lists = (*counted, *state[PARTNERS])
    return [
        *state[:TOTALS],
        *state[TOTALS],
        *(value for part in lists for value in (len(part), *part)),
    ]


def observe_script(plan: VelocityPlan) -> str:
    """The script for a plan."""
    counted = {each.window for each in plan.features if each.aggregate == "distinct"}
    place = {name: number for number, name in enumerate(plan.columns, start=1)}
    streak = _STREAK.format(place=place[plan.streak.column]) if plan.streak else ""
    return _OBSERVE.format(
        streak=streak.lstrip(),
        spans=_flags(plan.spans(key) for key in plan.keys),
        distinct=_flags([[window.name in counted for window in WINDOWS]]),
        windows=_lua((window.granule, window.buckets) for window in WINDOWS),
        slots=_lua([place + 1 for place in plan.slots(key)] for key in plan.keys),
        columns=_lua([place[name] for name in key.columns] for key in plan.keys),
        partners=_lua([place[name] for name in key.partners] for key in plan.keys),
        unknown=_lua([[MISSING] * len(plan.names)])[1:-1],
        doubles="<" + "d" * len(plan.names),
        missing=MISSING,
        idle=IDLE_MS,
        caps=_lua([[key.most for key in plan.keys]])[1:-1],
    )


def _flags(values: Iterable[Iterable[bool]]) -> str:
    return _lua([("true" if value else "false") for value in row] for row in values)


def _lua(values: Iterable[Iterable[object]]) -> str:
    return "{" + ",".join("{" + ",".join(map(str, row)) + "}" for row in values) + "}"
