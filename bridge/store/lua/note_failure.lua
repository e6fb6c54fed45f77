-- Count a failure of a call, and add the call to the row of failed calls if it is its first one.
-- KEYS: failing calls, row
-- ARGV: call id, seconds to keep the failing calls, seconds to keep the row
-- Returns the number of calls in the row; 0 if this call had failed before.
local failures = tonumber(redis.call('ZINCRBY', KEYS[1], 1, ARGV[1]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
if failures > 1 then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return redis.call('SCARD', KEYS[2])
