-- Ask whether a request may leave; through a closed brake one at a time may, to probe it.
-- KEYS: brake, failing calls.  ARGV: now, next probe at
-- Returns 'open' | 'probe' | 'closed', throttles in a row, calls that fail, reason, since, until,
-- detail.
local said = redis.call('HMGET', KEYS[1], 'opens', 'throttles', 'reason', 'since', 'until', 'detail')
local verdict = 'open'
if said[5] and tonumber(said[5]) > tonumber(ARGV[1]) then
  verdict = 'closed'
elseif said[5] and said[1] == 'by_probe' then
  verdict = 'probe'
  redis.call('HSET', KEYS[1], 'until', ARGV[2])
end
return {verdict, said[2] or '0', redis.call('SCARD', KEYS[2]), said[3], said[4], said[5], said[6]}
