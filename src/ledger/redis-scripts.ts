import { COMMON } from './redis-common-script.js';
import { RESOLVE } from './redis-resolve-script.js';

/** One operation of the ledger as Lua: it runs as one step in the store. */
export interface RedisScript {
  readonly name: string;
  readonly lua: string;
}

/** KEYS: generation, leases, hold, accounts. */
const RESERVE = `
local function asks_of(choice)
  local asks = {}
  for index = 1, #q.items do asks[index] = q.items[index].asks[choice] end
  return asks
end

local function is_same(held, asks)
  if #held ~= #asks then return false end
  for index = 1, #held do
    local item = held[index]
    if item[1] ~= q.items[index].name or item[6] ~= text(asks[index][1]) or item[7] ~= asks[index][2] then
      return false
    end
  end
  return true
end

local function denied_of(accounts, asks)
  local denied = {}
  for index = 1, #accounts do
    local amount, admit = asks[index][1], asks[index][2]
    local used = total(accounts[index], q.items[index].span, 'spent') + accounts[index].held
    if (admit == 'fit' and used + amount > q.items[index].cap) or
      (admit == 'below-cap' and used >= q.items[index].cap) then
      denied[#denied + 1] = index
    end
  end
  return denied
end

local function has_room(accounts, asks)
  for index = 1, #accounts do
    local sum = total(accounts[index], q.items[index].span, 'spent') + accounts[index].held + asks[index][1]
    if sum > MAX then return false end
  end
  return true
end

if is_other_generation() then return answer('generation') end
if not is_valid() then return answer('invalid') end
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now), 'LIMIT', 0, 16)
local known = redis.call('GET', KEYS[3])
if known then
  known = cjson.decode(known)
  if known.s == 'held' and tonumber(known.e) <= now then due[#due + 1] = q.id end
  if known.s ~= 'held' or tonumber(known.e) <= now then return answer('finished', { due = due }) end
elseif now > q.notAfter or now < q.notBefore then
  return answer('too-late')
end
for index = 1, #q.items do
  if is_stale(q.items[index].span) then return answer('stale') end
end
local accounts, caps, states, denied = {}, {}, {}, {}
for index = 1, #q.items do
  accounts[index] = read_account(KEYS[3 + index], span_ids(q.items[index].span))
  caps[index] = accounts[index].cap
end
local function granted(choice)
  for index = 1, #accounts do states[index] = state_of(accounts[index], q.items[index].span, caps[index]) end
  return answer('granted', { choice = choice - 1, states = states, due = due })
end
for choice = 1, q.choices do
  local asks = asks_of(choice)
  if known then
    if is_same(known.i, asks) then return granted(choice) end
  else
    denied = denied_of(accounts, asks)
    if #denied == 0 then
      if not has_room(accounts, asks) then return answer('invalid', { due = due }) end
      redis.call('ZADD', KEYS[2], text(now + q.lease), q.id)
      hold(accounts, asks)
      return granted(choice)
    end
  end
end
if known then return answer('mismatch', { due = due }) end
for index = 1, #accounts do states[index] = state_of(accounts[index], q.items[index].span) end
return answer('exceeded', { denied = denied, states = states, due = due })
`;

/** KEYS: generation, leases, hold, accounts. Puts a hold back that the store has lost, whatever the caps say. */
const RESTORE = `
if is_other_generation() then return answer('generation') end
redis.call('ZSCORE', KEYS[2], q.id)
if redis.call('EXISTS', KEYS[3]) == 1 then return answer('known') end
local accounts, asks = {}, {}
if not is_valid() then return answer('invalid') end
for index = 1, #q.items do
  accounts[index] = read_account(KEYS[3 + index], span_ids(q.items[index].span))
  asks[index] = q.items[index].asks[1]
end
redis.call('ZADD', KEYS[2], text(now + q.lease), q.id)
hold(accounts, asks)
return answer('restored')
`;

/** KEYS: generation, accounts. */
const LOOK = `
if is_other_generation() then return answer('generation') end
local states = {}
for index = 1, #q.items do
  if is_stale(q.items[index].span) then return answer('stale') end
end
for index = 1, #q.items do
  local span = q.items[index].span
  states[index] = state_of(read_account(KEYS[1 + index], span_ids(span)), span)
end
return answer('looked', { states = states })
`;

/** KEYS: generation, journal, what makes it happen once, account. */
const ADJUST = `
if is_other_generation() then return answer('generation') end
local span = q.items[1].span
if is_stale(span) then return answer('stale') end
if not is_amount(math.abs(q.change)) then return answer('invalid') end
redis.call('LLEN', KEYS[2])
local is_done = redis.call('EXISTS', KEYS[3]) == 1
local account = read_account(KEYS[4], span_ids(span))
if not is_done then
  redis.call('SET', KEYS[3], '1', 'PX', 600000)
  local window = account.windows[span.id]
  local room = MAX - total(account, span, 'spent') - account.held
  window.spent = math.max(0, window.spent + math.min(q.change, room))
  write_account(account, span.id, span.counts)
  redis.call('LPUSH', KEYS[2], cjson.encode({ timeMs = text(now), key = q.items[1].key, unit = q.items[1].unit,
    change = text(q.change), reason = q.reason }))
  redis.call('LTRIM', KEYS[2], 0, 999)
end
return answer('adjusted', { states = { state_of(account, span) } })
`;

/** KEYS: generation, marks of a window. ARGV[2]: the mark. */
const MARK = `
if is_other_generation() then return answer('generation') end
local span = q.items[1].span
if is_stale(span) then return answer('stale') end
local is_first = redis.call('SADD', KEYS[2], ARGV[2]) == 1
if span.counts < MAX then redis.call('PEXPIREAT', KEYS[2], text(span.counts + DAY - q.offset)) end
return answer('marked', { first = is_first })
`;

/** KEYS: generation, leases. */
const DUE = `
if is_other_generation() then return answer('generation') end
return answer('due', { due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now), 'LIMIT', 0, 128) })
`;

/** KEYS: generation. What the store says of itself, without the right to read its configuration. */
const INSPECT = `
is_other_generation()
local info = redis.pcall('INFO')
return answer('inspected', { info = type(info) == 'string' and info or '' })
`;

export const SCRIPTS = Object.freeze({
  reserve: { name: 'reserve', lua: COMMON + RESERVE },
  resolve: { name: 'resolve', lua: COMMON + RESOLVE },
  restore: { name: 'restore', lua: COMMON + RESTORE },
  look: { name: 'look', lua: COMMON + LOOK },
  adjust: { name: 'adjust', lua: COMMON + ADJUST },
  mark: { name: 'mark', lua: COMMON + MARK },
  due: { name: 'due', lua: COMMON + DUE },
  inspect: { name: 'inspect', lua: COMMON + INSPECT },
});
