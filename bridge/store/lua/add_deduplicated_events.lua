-- Append events to the inbox, except events that were received before.
-- The check and the append are one step, so that one of two simultaneous deliveries is appended.
-- KEYS: inbox, counters, wake-up pending, signs, the "seen" key of each event
-- ARGV: seconds to keep the "seen" keys, seconds until a wake-up counts as lost, then for each
--       event: source, raw, received at, request id
-- Returns 1 or 0: whether to wake the workers, then for each event whether it was new.
local replies, counted, received = {0}, {}, {}
for number = 1, #KEYS - 4 do
  local at = 4 * number - 1
  local source, outcome = ARGV[at], 'duplicate'
  if redis.call('SET', KEYS[4 + number], '1', 'NX', 'EX', ARGV[1]) then
    redis.call('XADD', KEYS[1], '*', 'source', source, 'raw', ARGV[at + 1], 'at', ARGV[at + 2],
      'request', ARGV[at + 3])
    outcome = 'received'
  end
  local name = 'events.' .. outcome .. '.' .. source
  counted[name] = (counted[name] or 0) + 1
  received[source] = ARGV[at + 2]
  replies[1 + number] = outcome == 'received' and 1 or 0
end
for name, times in pairs(counted) do redis.call('HINCRBY', KEYS[2], name, times) end
for source, time in pairs(received) do redis.call('HSET', KEYS[4], 'received.' .. source, time) end
if redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[2]) then replies[1] = 1 end
return replies
