-- Count a failure of a call, and the calls that failed for the first time in this row.
-- KEYS: failing calls, row.  ARGV: call id, seconds to keep the first, seconds to keep the row
-- Returns how many calls are in the row; 0 when this one had failed before.
local failures = tonumber(redis.call('ZINCRBY', KEYS[1], 1, ARGV[1]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
if failures > 1 then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return redis.call('SCARD', KEYS[2])
