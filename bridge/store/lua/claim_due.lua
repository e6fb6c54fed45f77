-- Take overdue calls and set them back, so that no other sweep takes them at once.
-- KEYS: due.  ARGV: now, most, set back to
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[3], id) end
return ids
