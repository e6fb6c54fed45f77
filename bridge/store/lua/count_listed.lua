-- Count under a name, unless it would be a new one beside as many as may be listed.
-- KEYS: counts.  ARGV: name, most names
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[2]) then
  return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
end
return 0
