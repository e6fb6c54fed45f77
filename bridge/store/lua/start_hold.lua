-- Start a hold (a pause of requests), or extend it. A reason of less weight than the present one
-- changes nothing. The same reason never shortens a wait that the server named. The time of the
-- next trial request (probe) changes only when a trial request has failed.
-- KEYS: hold
-- ARGV: reason, weight, 'by_time' or 'by_probe', now, until, most seconds without a probe, first
--       wait for a probe, longest wait, seconds in which the wait does not grow, detail, status,
--       step, '1' if the request was the probe
-- Returns 1 if the hold is new or has a new reason, else 0.
local held = redis.call('HMGET', KEYS[1], 'reason', 'weight', 'opens', 'since', 'until', 'next',
  'throttles')
local now = tonumber(ARGV[4])
local is_over = held[3] == 'by_time' and tonumber(held[5]) <= now
local is_held = held[1] and not is_over
if is_held and tonumber(held[2]) > tonumber(ARGV[2]) then return 0 end

local is_news = not (is_held and held[1] == ARGV[1])
local is_probe = ARGV[13] == '1'
local since, throttles = is_held and held[4] or ARGV[4], tonumber(held[7] or '0')
local until_at, next_at = tonumber(ARGV[5]), nil
if ARGV[3] == 'by_time' then
  if not is_news then until_at = math.max(until_at, tonumber(held[5])) end
  next_at = math.min(until_at, now + ARGV[6])
  if not is_news and not is_probe then next_at = math.min(next_at, tonumber(held[6])) end
  if is_news or is_probe then throttles = throttles + 1 end
elseif is_news or is_probe then
  local grown = now - since - ARGV[9]
  local wait = math.max(ARGV[7], math.min(ARGV[8], grown))
  next_at = now + math.min(wait, ARGV[6])
  until_at = next_at
else
  next_at, until_at = held[6], held[5]
end
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'weight', ARGV[2], 'opens', ARGV[3],
  'since', since, 'until', until_at, 'next', next_at, 'detail', ARGV[10], 'status', ARGV[11],
  'step', ARGV[12], 'throttles', throttles)
return is_news and 1 or 0
