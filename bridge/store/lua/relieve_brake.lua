-- AskElephant has served a request: forget the strain, and open what that proves to be over.
-- KEYS: brake, failing calls.  ARGV: now, '1' when the request was the probe, the outage's reason
-- Returns 1 when the brake was opened.
redis.call('DEL', KEYS[2])
local said = redis.call('HMGET', KEYS[1], 'reason', 'opens', 'until')
local is_over = said[2] == 'by_time' and tonumber(said[3]) <= tonumber(ARGV[1])
local is_proven = said[2] == 'by_probe' and (ARGV[2] == '1' or said[1] == ARGV[3])
if is_over or is_proven then return redis.call('DEL', KEYS[1]) end
return 0
