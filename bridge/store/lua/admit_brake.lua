-- Ask whether a request may leave; through a closed brake one at a time may, to probe it.
-- KEYS: brake, failing calls.  ARGV: now, next probe at, step
-- Returns 'open' | 'probe' | 'closed', throttles in a row, calls that fail, reason, since, until,
-- detail.
local said = redis.call('HMGET', KEYS[1], 'opens', 'throttles', 'reason', 'since', 'until', 'detail',
  'step')
-- For ten intervals the probe is kept for the step that was refused; then it has no call left.
local interval = ARGV[2] - ARGV[1]
local is_kept = said[5] and ARGV[1] - said[5] <= 10 * interval
local is_others = said[7] and said[7] ~= '' and said[7] ~= ARGV[3] and is_kept
local verdict = 'open'
if said[5] and tonumber(said[5]) > tonumber(ARGV[1]) then
  verdict = 'closed'
elseif said[5] and said[1] == 'by_probe' and is_others then
  verdict = 'closed'
elseif said[5] and said[1] == 'by_probe' then
  verdict = 'probe'
  redis.call('HSET', KEYS[1], 'until', ARGV[2])
end
return {verdict, said[2] or '0', redis.call('SCARD', KEYS[2]), said[3], said[4], said[5], said[6]}
