-- Take overdue calls and set them back, so that no other sweep takes them at once.
-- KEYS: due, sweep lease.  ARGV: now, most, set back to, lease token
-- Returns the calls, or nil when the lease is no longer ours: another sweep is at it.
if redis.call('GET', KEYS[2]) ~= ARGV[4] then return nil end
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[3], id) end
return ids
