-- Add one to the count of each name, except new names when the most names are listed.
-- KEYS: counts.  ARGV: most names, seconds until all counts are deleted, names
for place = 3, #ARGV do
  local name = ARGV[place]
  if redis.call('HEXISTS', KEYS[1], name) == 1 or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[1]) then
    redis.call('HINCRBY', KEYS[1], name, 1)
  end
end
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
