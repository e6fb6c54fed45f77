-- Close the brake, or keep it closed longer. What weighs less than the present reason changes
-- nothing; the same reason never shortens its wait.
-- KEYS: brake.  ARGV: reason, weight, 'by_time' or 'by_probe', now, until, detail, step
-- Returns 1 when it is news.
local said = redis.call('HMGET', KEYS[1], 'reason', 'weight', 'opens', 'since', 'until', 'throttles')
local is_over = said[3] == 'by_time' and tonumber(said[5]) <= tonumber(ARGV[4])
local is_closed = said[1] and not is_over
if is_closed and tonumber(said[2]) > tonumber(ARGV[2]) then return 0 end

local is_news = not (is_closed and said[1] == ARGV[1])
local until_at, throttles = ARGV[5], tonumber(said[6] or '0')
if not is_news and tonumber(said[5]) > tonumber(until_at) then until_at = said[5] end
if is_news and ARGV[3] == 'by_time' then throttles = throttles + 1 end
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'weight', ARGV[2], 'opens', ARGV[3],
  'since', is_closed and said[4] or ARGV[4], 'until', until_at, 'detail', ARGV[6], 'step', ARGV[7],
  'throttles', throttles)
return is_news and 1 or 0
