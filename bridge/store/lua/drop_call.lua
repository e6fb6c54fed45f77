-- Delete a call in a final state, unless the call was saved since it was read.
-- KEYS: record, insights, calls, state, retire, engagement lookup, two lookups by link,
--       calls with extras
-- ARGV: expected version, call id
-- Returns 1 if the call was deleted, else 0.
local version = string.match(redis.call('GETRANGE', KEYS[1], 0, 20), '^(%d+)\n') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[6])
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[2])
redis.call('ZREM', KEYS[5], ARGV[2])
redis.call('ZREM', KEYS[9], ARGV[2])
redis.call('SREM', KEYS[7], ARGV[2])
redis.call('SREM', KEYS[8], ARGV[2])
return 1
