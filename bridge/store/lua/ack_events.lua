-- Acknowledge events, if this Redis server process has delivered them.
-- After a failover, or a restart that lost writes, this server may lack the saves of the calls.
-- KEYS: inbox, outcomes, counters
-- ARGV: group, run id of the server that delivered them, number of events, their ids, then for
--       each outcome: the id of its event, the event's time, the slug
-- Returns 1 if the events were acknowledged, else 0.
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
if run_id ~= ARGV[2] then return 0 end

local last = 3 + ARGV[3]
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 4, last))
for at = last + 1, #ARGV, 3 do
  local slug = ARGV[at + 2]
  redis.call('ZADD', KEYS[2], ARGV[at + 1], ARGV[at] .. ' ' .. slug)
  redis.call('HINCRBY', KEYS[3], 'events.' .. slug, 1)
end
return 1
