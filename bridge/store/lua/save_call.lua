-- Compare-and-set of a record, moving every index with it.
-- KEYS: record, lease, calls, old state, new state, old due, new due, retire, insights,
--       engagement lookup, url lookup
-- ARGV: expected version, payload, lease token or '', call id, created at, due at or '',
--       retire at or '', insights or '', has engagement, has url
local version = string.match(redis.call('GETRANGE', KEYS[1], 0, 20), '^(%d+)\n') or '0'
if version ~= ARGV[1] then return 'conflict' end
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[3] then return 'lease_lost' end

local call_id = ARGV[4]
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[5], call_id)
if KEYS[4] ~= KEYS[5] then redis.call('ZREM', KEYS[4], call_id) end
redis.call('ZADD', KEYS[5], ARGV[5], call_id)
if KEYS[6] ~= KEYS[7] or ARGV[6] == '' then redis.call('ZREM', KEYS[6], call_id) end
if ARGV[6] ~= '' then redis.call('ZADD', KEYS[7], ARGV[6], call_id) end
if ARGV[7] ~= '' then
  redis.call('ZADD', KEYS[8], ARGV[7], call_id)
else
  redis.call('ZREM', KEYS[8], call_id)
end
if ARGV[8] ~= '' then redis.call('SET', KEYS[9], ARGV[8]) end
if ARGV[9] == '1' then redis.call('SET', KEYS[10], call_id) end
if ARGV[10] == '1' then redis.call('SADD', KEYS[11], call_id) end
return 'saved'
