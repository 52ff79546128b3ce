"""`state.advance` as a script that Redis runs: one call reads, answers, adds and remembers."""

from collections.abc import Iterable

from features.windows.plan import IDLE_MS, MISSING, PARTNER_CAP, WINDOWS, Plan

# KEYS: the event's id, then one a key of the plan. ARGV[1]: JSON of [at, measures, for each key
# its partners' digests ("" where missing) or false where the event lacks it, ms to keep a state,
# ms to keep an id]. A state is laid out as `state.State`, packed with cmsgpack.
_OBSERVE = """
local windows, slots, missing, idle, cap = {windows}, {slots}, {missing}, {idle}, {cap}
local known = redis.call('GET', KEYS[1])
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
    local stored = redis.call('GET', KEYS[k + 1])
    local state = stored and cmsgpack.unpack(stored)
    if not state or at - state[1] > idle then
      state = {{missing, missing, missing, missing, missing, {{0, 0, 0, 0, 0, 0}}, {{}}, {{}}}}
      for w = 1, #windows do state[7][w] = {{}} end
      for p = 1, #met do state[8][p] = {{}} end
    end
    local now = math.max(state[1], at)
    local flat, first_frauds = {{}}, {{}}
    for w, window in ipairs(windows) do
      local bucket = bucket_of(now, window[1])
      local low, old, kept = bucket - window[2], state[7][w], {{}}
      local sums, first_fraud = {{0, 0, 0, 0}}, missing
      for i = 1, #old, 5 do
        if old[i] > low then
          kept[#kept + 1] = old[i]
          for m = 1, 4 do
            sums[m] = sums[m] + old[i + m]
            kept[#kept + 1] = old[i + m]
          end
          if first_fraud == missing and old[i + 4] > 0 then
            first_fraud = (bucket - old[i]) * window[1]
          end
        end
      end
      for m = 1, 4 do flat[#flat + 1] = sums[m] end
      first_frauds[w] = first_fraud
      local size = #kept
      if size > 0 and kept[size - 4] == bucket then
        for m = 1, 4 do kept[size - 4 + m] = kept[size - 4 + m] + added[m] end
      else
        kept[size + 1] = bucket
        for m = 1, 4 do kept[size + 1 + m] = added[m] end
      end
      state[7][w] = kept
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
      for _, window in ipairs(windows) do
        local low, count = bucket_of(now, window[1]) - window[2], 0
        for i = 2, #seen, 2 do
          if bucket_of(seen[i], window[1]) > low then count = count + 1 end
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
      redis.call('SET', KEYS[k + 1], cmsgpack.pack(state), 'PX', given[4])
    end
  end
end
local text = '[' .. table.concat(answer, ',') .. ']'
redis.call('SET', KEYS[1], text, 'PX', given[5])
return text
"""
LOAD = """
for i, key in ipairs(KEYS) do
  redis.call('SET', key, cmsgpack.pack(cjson.decode(ARGV[i])), 'PX', ARGV[#ARGV])
end
"""


def observe_script(plan: Plan) -> str:
    """The script for a plan."""
    return _OBSERVE.format(
        windows=_lua((window.granule, window.buckets) for window in WINDOWS),
        slots=_lua(plan.slots(key) for key in plan.keys),
        missing=MISSING,
        idle=IDLE_MS,
        cap=PARTNER_CAP,
    )


def _lua(values: Iterable[Iterable[int]]) -> str:
    return "{" + ",".join("{" + ",".join(map(str, row)) + "}" for row in values) + "}"
