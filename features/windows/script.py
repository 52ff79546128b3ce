"""`state.advance` as a script that Redis runs: one call reads, answers, adds and remembers."""

from collections.abc import Iterable

from features.windows.plan import IDLE_MS, MISSING, PARTNER_CAP, WINDOWS, Plan

# KEYS: the name of the filling in use, the event's id, then one a key of the plan. ARGV[1]: JSON of
# [at, measures, for each key its partners' digests ("" where missing) or false where the event
# lacks it, ms to keep a state, ms to keep an id]; ARGV[2]: the filling that the keys are of. When
# that is not in use any more, nothing is done and nil is answered. A state is laid out as
# `state.State`, packed with cmsgpack.
_OBSERVE = """
local windows, slots, missing, idle, cap = {windows}, {slots}, {missing}, {idle}, {cap}
local spans, distinct = {spans}, unpack({distinct})  -- windows counted: of each key, of partners
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return false end
local known = redis.call('GET', KEYS[2])
if known and known ~= '' then return known end
local given = cjson.decode(ARGV[1])
local at, added, partners = given[1], given[2], given[3]
local paid = added[1] > 0
local answer = {{}}
local function bucket_of(ms, granule) return (ms - ms % granule) / granule end
for k, picks in ipairs(slots) do
  local met = partners[k]
  if not met then
    for _ = 1, #picks do answer[#answer + 1] = missing end
  else
    local stored = redis.call('GET', KEYS[k + 2])
    local state = stored and cmsgpack.unpack(stored)
    if not state or at - state[1] > idle then
      state = {{missing, missing, missing, missing, missing, {{0, 0, 0, 0, 0, 0}}, {{}}, {{}}}}
      for w = 1, #windows do state[7][w] = {{}} end
      for p = 1, #met do state[8][p] = {{}} end
    end
    local now = math.max(state[1], at)
    local flat, first_frauds = {{}}, {{}}
    for w, window in ipairs(windows) do
      local payments, cents, declines, frauds, first_fraud = 0, 0, 0, 0, missing
      if spans[k][w] then
        local bucket = bucket_of(now, window[1])
        local low, kept, first = bucket - window[2], state[7][w], 1
        while kept[first] and kept[first] <= low do first = first + 5 end
        if first > 1 then
          local young = {{}}
          for i = first, #kept do young[i - first + 1] = kept[i] end
          kept = young
        end
        local size = #kept
        for i = 1, size, 5 do
          payments, cents = payments + kept[i + 1], cents + kept[i + 2]
          declines, frauds = declines + kept[i + 3], frauds + kept[i + 4]
          if first_fraud == missing and kept[i + 4] > 0 then
            first_fraud = (bucket - kept[i]) * window[1]
          end
        end
        if size > 0 and kept[size - 4] == bucket then
          for m = 1, 4 do kept[size - 4 + m] = kept[size - 4 + m] + added[m] end
        else
          kept[size + 1] = bucket
          for m = 1, 4 do kept[size + 1 + m] = added[m] end
        end
        state[7][w] = kept
      end
      local place = 4 * w
      flat[place - 3], flat[place - 2], flat[place - 1] = payments, cents, declines
      flat[place], first_frauds[w] = frauds, first_fraud
    end
    for m = 1, 6 do
      flat[#flat + 1] = state[6][m]
      state[6][m] = state[6][m] + added[m]
    end
    flat[#flat + 1] = state[3] ~= missing and now - state[3] or missing
    flat[#flat + 1] = state[2] ~= missing and now - state[2] or missing
    flat[#flat + 1] = state[4] ~= missing and now - state[4] or missing
    flat[#flat + 1] = state[5]
    for w = 1, #windows do flat[#flat + 1] = first_frauds[w] end
    for p, name in ipairs(met) do
      local seen, others = state[8][p], {{}}
      for w, window in ipairs(windows) do
        local count = 0
        if distinct[w] then
          local since = (bucket_of(now, window[1]) - window[2] + 1) * window[1]
          for i = 2, #seen, 2 do
            if seen[i] >= since then count = count + 1 end
          end
        end
        flat[#flat + 1] = count
      end
      if paid and name ~= '' then
        for i = 1, #seen, 2 do
          if seen[i] ~= name then
            others[#others + 1] = seen[i]
            others[#others + 1] = seen[i + 1]
          end
        end
        if #others == 2 * cap then
          table.remove(others, 1)
          table.remove(others, 1)
        end
        others[#others + 1] = name
        others[#others + 1] = now
        state[8][p] = others
      end
    end
    state[1] = now
    if state[5] ~= missing then state[5] = state[5] + added[1] end
    if added[4] > 0 then
      state[4] = now
      state[5] = added[1]
    end
    if paid then
      if state[2] == missing then state[2] = now end
      state[3] = now
    end
    for _, place in ipairs(picks) do answer[#answer + 1] = flat[place + 1] end
    if not known then
      redis.call('SET', KEYS[k + 2], cmsgpack.pack(state), 'PX', given[4])
    end
  end
end
local text = '[' .. table.concat(answer, ',') .. ']'
redis.call('SET', KEYS[2], text, 'PX', given[5])
return text
"""
LOAD = """
for i, key in ipairs(KEYS) do
  redis.call('SET', key, cmsgpack.pack(cjson.decode(ARGV[i])), 'PX', ARGV[#ARGV])
end
"""


def observe_script(plan: Plan) -> str:
    """The script for a plan."""
    counted = {each.window for each in plan.features if each.aggregate == "distinct"}
    return _OBSERVE.format(
        spans=_flags(plan.spans(key) for key in plan.keys),
        distinct=_flags([[window.name in counted for window in WINDOWS]]),
        windows=_lua((window.granule, window.buckets) for window in WINDOWS),
        slots=_lua(plan.slots(key) for key in plan.keys),
        missing=MISSING,
        idle=IDLE_MS,
        cap=PARTNER_CAP,
    )


def _flags(values: Iterable[Iterable[bool]]) -> str:
    return _lua([("true" if value else "false") for value in row] for row in values)


def _lua(values: Iterable[Iterable[object]]) -> str:
    return "{" + ",".join("{" + ",".join(map(str, row)) + "}" for row in values) + "}"
