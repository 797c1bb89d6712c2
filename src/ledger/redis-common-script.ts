/*
 * KEYS[1] is the generation key of the ledger in each script; ARGV[1] is the request as JSON. The answer is JSON with
 * every number as text: cjson writes only 14 digits, and some clients round integers.
 *
 * An account is one hash: h held · c cap of the last reserve · n when it was made · x when it expires, 0 for never ·
 * w:WINDOW 'spent presumed overrun above countsUntil'.
 * A hold is one string: JSON { s: state, e: end of the lease, i: items, t: what was settled }; an item is a list
 * { account, unit, n of the account, window, countsUntil, amount, admit, above, covered, charged }.
 * Scripts read and check all, then write: an error in the middle of a script would leave its first half.
 */
export const COMMON = `
local MAX = 9007199254740991
local DAY = 86400000
local q = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + q.offset
local generation, run = '', ''

local function text(value) return string.format('%.0f', value) end

local function is_amount(value)
  return type(value) == 'number' and value >= 0 and value <= MAX and value == math.floor(value)
end

local function answer(status, rest)
  local reply = rest or {}
  reply.s, reply.t, reply.g, reply.r = status, text(now), generation, run
  return cjson.encode(reply)
end

-- A store that lost its data has another generation; one that failed over, another run.
local function is_other_generation()
  generation = redis.call('GET', KEYS[1])
  if not generation then
    generation = q.fresh
    redis.call('SET', KEYS[1], generation)
  end
  if q.verify then
    local info = redis.pcall('INFO', 'server')
    if type(info) == 'string' then run = string.match(info, 'run_id:(%w+)') or '' end
  end
  if q.generation == '' then return false end
  return generation ~= q.generation or (run ~= '' and q.run ~= '' and run ~= q.run)
end

local function read_number(value)
  if not value then return 0 end
  local number = tonumber(value)
  if not number or number ~= number then error('tokenguard: a record is not ours') end
  return number
end

local function read_window(value)
  if not value then return { spent = 0, presumed = 0, overrun = 0, above = 0, counts = 0, is_new = true } end
  local spent, presumed, overrun, above, counts = string.match(value, '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%d+)$')
  if not spent then error('tokenguard: a record is not ours') end
  return { spent = tonumber(spent), presumed = tonumber(presumed), overrun = tonumber(overrun),
    above = tonumber(above), counts = tonumber(counts) }
end

-- An account with the windows of these ids, in one read.
local function read_account(key, ids)
  local fields = { 'h', 'c', 'n', 'x' }
  for index = 1, #ids do fields[4 + index] = 'w:' .. ids[index] end
  local values = redis.call('HMGET', key, unpack(fields))
  local account = { key = key, held = read_number(values[1]), cap = values[2] or '', made = values[3] or '',
    expires = values[4], windows = {} }
  for index = 1, #ids do account.windows[ids[index]] = read_window(values[4 + index]) end
  return account
end

local function span_ids(span, booked)
  local ids = { span.id }
  for index = 1, #span.earlier do ids[#ids + 1] = span.earlier[index] end
  if booked and booked ~= span.id then ids[#ids + 1] = booked end
  return ids
end

local function is_stale(span) return now < span.starts or now >= span.ends end

-- What counts against the cap: the current window and the earlier ones of the span.
local function total(account, span, part)
  local sum = account.windows[span.id][part]
  for index = 1, #span.earlier do sum = sum + account.windows[span.earlier[index]][part] end
  return sum
end

local function state_of(account, span, cap)
  return { text(total(account, span, 'spent')), text(account.held), text(total(account, span, 'presumed')),
    text(total(account, span, 'overrun')), text(total(account, span, 'above')), cap or account.cap }
end

-- Removes the windows that no longer count: once per new window, so that an account in use does not grow.
local function prune(account)
  local old = {}
  local all = redis.call('HGETALL', account.key)
  for index = 1, #all, 2 do
    if string.sub(all[index], 1, 2) == 'w:' and read_window(all[index + 1]).counts + DAY < now then
      old[#old + 1] = all[index]
    end
  end
  for index = 1, #old do redis.call('HDEL', account.key, old[index]) end
end

-- An account that counts for ever never expires; others a day after nothing counts and no hold is open any more.
local function keep(account, counts, fields)
  if account.expires == '0' then return end
  if counts >= MAX then
    fields[#fields + 1], fields[#fields + 2] = 'x', '0'
    return 'for ever'
  end
  local needed = math.max(counts, now + q.lease) + DAY
  if account.expires and tonumber(account.expires) >= needed then return end
  fields[#fields + 1], fields[#fields + 2] = 'x', text(needed + DAY)
  return needed + DAY
end

-- Writes an account and one of its windows.
local function write_account(account, id, counts, cap)
  local window = account.windows[id]
  if window.is_new and account.made ~= '' then prune(account) end
  if account.made == '' then account.made = time[1] .. '.' .. time[2] end
  window.counts = math.max(window.counts, counts)
  local fields = { 'h', text(account.held), 'n', account.made, 'w:' .. id, text(window.spent) .. ' ' ..
    text(window.presumed) .. ' ' .. text(window.overrun) .. ' ' .. text(window.above) .. ' ' .. text(window.counts) }
  if cap then fields[#fields + 1], fields[#fields + 2] = 'c', text(cap) end
  local expires = keep(account, window.counts, fields)
  redis.call('HSET', account.key, unpack(fields))
  if expires == 'for ever' then redis.call('PERSIST', account.key)
  elseif expires then redis.call('PEXPIREAT', account.key, text(expires - q.offset)) end
end

local function is_valid()
  for index = 1, #q.items do
    local item = q.items[index]
    if not is_amount(item.cap) then return false end
    for choice = 1, #item.asks do
      if not is_amount(item.asks[choice][1]) then return false end
    end
  end
  return true
end

-- Holds this much of each account. What the cap has no room for is 'above'.
local function hold(accounts, asks)
  local items = {}
  for index = 1, #accounts do
    local account, item, ask = accounts[index], q.items[index], asks[index]
    local amount = ask[1]
    local used = total(account, item.span, 'spent') + account.held
    local above = math.min(amount, math.max(0, used + amount - item.cap))
    account.held = account.held + amount
    write_account(account, item.span.id, item.span.counts, item.cap)
    items[index] = { item.name, item.unit, account.made, item.span.id, text(item.span.counts), text(amount), ask[2],
      text(above), text(amount), '0' }
  end
  redis.call('SET', KEYS[3], cjson.encode({ s = 'held', e = text(now + q.lease), i = items }))
end
`;
