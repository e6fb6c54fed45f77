-- Append an event to the inbox, unless it is there already: two deliveries race, one wins.
-- KEYS: inbox, seen, counters.  ARGV: seconds to remember, source, raw, received at, request id
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then
  redis.call('HINCRBY', KEYS[3], 'events.duplicate.' .. ARGV[2], 1)
  return ''
end
redis.call('HINCRBY', KEYS[3], 'events.received.' .. ARGV[2], 1)
return redis.call('XADD', KEYS[1], '*', 'source', ARGV[2], 'raw', ARGV[3], 'at', ARGV[4],
  'request', ARGV[5])
