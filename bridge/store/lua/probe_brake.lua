-- Let one request through a closed brake, and push the next probe back: two workers race, one wins.
-- KEYS: brake.  ARGV: now, next probe at
local until_at = redis.call('HGET', KEYS[1], 'until')
if not until_at or tonumber(until_at) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'until', ARGV[2])
return 1
