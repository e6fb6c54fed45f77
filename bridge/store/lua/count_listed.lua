-- Count under a name, unless it would be a new one beside as many as may be listed.
-- KEYS: counts.  ARGV: name, most names, seconds until the counts are dropped as a whole
local counted = 0
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[2]) then
  counted = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
end
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return counted
