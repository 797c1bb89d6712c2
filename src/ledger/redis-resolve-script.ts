/**
 * How a hold ends: settled, given back, or charged because its lease is over.
 * KEYS: generation, leases, hold, accounts of the hold. Where those are not the ones of the hold, the answer names them
 * and nothing has changed: the keys of a script have to be declared.
 */
export const RESOLVE = `
local KEPT_MS = 600000
local id_key = KEYS[3]

local function names_match(items)
  if #items ~= #q.names then return false end
  for index = 1, #items do
    if items[index][1] ~= q.names[index] then return false end
  end
  return true
end

local function names_of(items)
  local names = {}
  for index = 1, #items do names[index] = items[index][1] end
  return names
end

-- The span in which the sums of an item are looked at: the current one, or the window it is booked in alone.
local function span_of(item, index)
  if q.spans and q.spans[index] then return q.spans[index] end
  return { id = item[4], earlier = {}, starts = 0, ends = MAX, counts = tonumber(item[5]) }
end

local function read_parts(items)
  local parts = {}
  for index = 1, #items do
    local item = items[index]
    local span = span_of(item, index)
    local account = read_account(KEYS[3 + index], span_ids(span, item[4]))
    parts[index] = { account = account, window = account.windows[item[4]], item = item, span = span, unit = item[2],
      amount = tonumber(item[6]), above = tonumber(item[8]), covered = tonumber(item[9]), charged = tonumber(item[10]) }
  end
  return parts
end

-- An account that was made anew since knows nothing of this hold.
local function give_back(parts)
  for index = 1, #parts do
    local part = parts[index]
    if part.account.made == part.item[3] then part.account.held = math.max(0, part.account.held - part.amount) end
  end
end

local function is_actual(actual)
  return type(actual) == 'table' and is_amount(actual.usd) and is_amount(actual.tokens) and is_amount(actual.calls)
end

-- An amount that an account could not count exactly is as good as none.
local function is_chargeable(parts, actual)
  if not is_actual(actual) then return false end
  for index = 1, #parts do
    local part = parts[index]
    local others = total(part.account, part.span, 'spent') - part.charged + part.account.held
    if others + actual[part.unit] > MAX or part.window.spent - part.charged + actual[part.unit] > MAX then
      return false
    end
  end
  return true
end

local function overrun_of(part, charge) return math.max(0, charge - part.covered) end
local function above_of(part, charge) return math.max(0, part.above - math.max(0, part.covered - charge)) end

-- Puts 'charge' in the place of what stands for the item; what of it the hold does not cover.
local function book(part, charge, is_presumed)
  local window, charged = part.window, part.charged
  local overrun = overrun_of(part, charge)
  window.spent = math.max(0, window.spent + charge - charged)
  window.presumed = window.presumed + (is_presumed and charge or 0) - charged
  window.overrun = window.overrun + overrun - overrun_of(part, charged)
  window.above = window.above + above_of(part, charge) - above_of(part, charged)
  part.charged = charge
  part.item[10] = text(charge)
  return overrun
end

local function write(parts)
  for index = 1, #parts do
    local item = parts[index].item
    write_account(parts[index].account, item[4], tonumber(item[5]))
  end
end

local function finish(record, kept)
  redis.call('SET', id_key, cjson.encode(record), 'PX', text(kept))
end

local function states_of(parts)
  if not q.spans then return nil end
  local states = {}
  for index = 1, #parts do states[index] = state_of(parts[index].account, parts[index].span) end
  return states
end

local function charge(record, parts, actual, if_known)
  local is_known = is_chargeable(parts, actual)
  local overrun = { usd = 0, tokens = 0, calls = 0 }
  for index = 1, #parts do
    local part = parts[index]
    local room = math.max(0, MAX - total(part.account, part.span, 'spent') - part.account.held)
    local amount = is_known and actual[part.unit] or math.min(part.amount, room)
    overrun[part.unit] = math.max(overrun[part.unit], book(part, amount, not is_known))
  end
  redis.call('ZREM', KEYS[2], q.id)
  write(parts)
  record.s = is_known and 'settled' or 'presumed'
  if is_known then
    record.i = {}
    record.t = { usd = text(actual.usd), tokens = text(actual.tokens), calls = text(actual.calls) }
    finish(record, math.max(KEPT_MS, q.lease))
  else
    finish(record, math.max(DAY, q.lease))
  end
  local outcome = if_known
  if not is_known and if_known == 'settled' then outcome = 'presumed' end
  return answer(outcome, { overrun = { usd = text(overrun.usd), tokens = text(overrun.tokens),
    calls = text(overrun.calls) }, states = states_of(parts) })
end

local function settle(record, parts)
  if record.s == 'held' then
    give_back(parts)
    return charge(record, parts, q.actual, 'settled')
  elseif record.s == 'presumed' then
    if not is_chargeable(parts, q.actual) then return answer('duplicate') end
    return charge(record, parts, q.actual, 'late')
  end
  return charge(record, parts, q.actual, 'after-release')
end

local function release(record, parts)
  give_back(parts)
  redis.call('ZREM', KEYS[2], q.id)
  write(parts)
  for index = 1, #parts do parts[index].item[8], parts[index].item[9] = '0', '0' end
  record.s = 'released'
  finish(record, math.max(DAY, q.lease))
  return answer('released')
end

local function is_same_actual(known)
  return known.usd == text(q.actual.usd) and known.tokens == text(q.actual.tokens) and
    known.calls == text(q.actual.calls)
end

if is_other_generation() then return answer('generation') end
redis.call('ZSCORE', KEYS[2], q.id)
local record = redis.call('GET', id_key)
if not record then
  if q.mode == 'release' then finish({ s = 'void', e = '0', i = {} }, math.max(KEPT_MS, q.lease)) end
  if q.mode == 'expire' then redis.call('ZREM', KEYS[2], q.id) end
  return answer('unknown')
end
record = cjson.decode(record)
if record.s == 'void' then return answer('unknown') end
if record.s == 'settled' then
  if not is_actual(q.actual) or is_same_actual(record.t) then return answer('duplicate') end
  return answer('mismatch')
end
if q.mode ~= 'settle' and record.s ~= 'held' then return answer('finished') end
if q.mode == 'expire' and tonumber(record.e) > now then return answer('open') end
if not names_match(record.i) then return answer('keys', { names = names_of(record.i) }) end
if q.spans then
  for index = 1, #q.spans do
    if is_stale(q.spans[index]) then return answer('stale') end
  end
end
local parts = read_parts(record.i)
if q.mode == 'settle' then return settle(record, parts) end
if q.mode == 'release' then return release(record, parts) end
give_back(parts)
return charge(record, parts, nil, 'expired')
`;
