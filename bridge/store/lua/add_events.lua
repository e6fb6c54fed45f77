-- Append events to the inbox, each unless it is there already: two deliveries race, one wins.
-- KEYS: inbox, counters, wake-up pending, a "seen" for each event
-- ARGV: seconds to remember, seconds a wake-up is good for, then for each event: source, raw,
--       received at, request id
-- Returns whether the workers should be woken, then for each event whether it was new.
local answers, counted = {0}, {}
for number = 1, #KEYS - 3 do
  local at = 4 * number - 1
  local source, outcome = ARGV[at], 'duplicate'
  if redis.call('SET', KEYS[3 + number], '1', 'NX', 'EX', ARGV[1]) then
    redis.call('XADD', KEYS[1], '*', 'source', source, 'raw', ARGV[at + 1], 'at', ARGV[at + 2],
      'request', ARGV[at + 3])
    outcome = 'received'
  end
  local name = 'events.' .. outcome .. '.' .. source
  counted[name] = (counted[name] or 0) + 1
  answers[1 + number] = outcome == 'received' and 1 or 0
end
for name, times in pairs(counted) do redis.call('HINCRBY', KEYS[2], name, times) end
if redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[2]) then answers[1] = 1 end
return answers
