-- Decide whether a request may leave. Under a hold one at a time may, to probe it.
-- KEYS: hold of all, hold of the step, failing calls, row of the outage, row of the step's 403s,
--       row of its 404s, due calls of the step, due calls of the other steps
-- ARGV: now, call id, seconds that a probe has, most seconds of a hold without a probe, how many
--       due calls to look at
-- Returns 'open' | 'probe' | 'held', throttles in a row, whether anything failed since a request was served, the tokens
-- of the two holds; then of the hold that denies it: its fields, in the order of the reading.
local now, call_id = tonumber(ARGV[1]), ARGV[2]
local verdict, tokens, denied, throttles = 'open', {'', ''}, nil, '0'
local holds = {}
for number = 1, 2 do
  local held = redis.call('HMGET', KEYS[number], 'reason', 'since', 'until', 'next', 'detail',
    'status', 'step', 'opens', 'throttles')
  if number == 1 then throttles = held[9] or '0' end
  if held[1] and not (held[8] == 'by_time' and tonumber(held[3]) <= now) then
    holds[number] = held
    tokens[number] = held[1] .. '@' .. held[2]
    verdict = 'probe'
    if tonumber(held[4]) > now then denied = denied or held end
  end
end
local failures = tonumber(redis.call('ZSCORE', KEYS[3], call_id) or '0')
if verdict == 'probe' and not denied and failures > 0 then
  for number = 7, holds[1] and #KEYS or 7 do
    local _, fewest = least_failed(KEYS[number], KEYS[3], ARGV[1], ARGV[5])
    if fewest and fewest < failures then denied = holds[1] or holds[2] end
  end
end
local strained = tonumber(throttles) > 0 or failures > 0
  or redis.call('EXISTS', KEYS[4], KEYS[5], KEYS[6]) > 0
local answer = {'open', throttles, strained and 1 or 0, tokens[1], tokens[2]}
if denied then
  answer[1] = 'held'
  for place = 1, 8 do answer[5 + place] = denied[place] or '' end
  return answer
end
answer[1] = verdict
for number, held in pairs(holds) do
  local wait = held[8] == 'by_time' and ARGV[4] or math.min(ARGV[3], ARGV[4])
  redis.call('HSET', KEYS[number], 'next', now + wait)
  if held[8] == 'by_probe' then redis.call('HSET', KEYS[number], 'until', now + wait) end
end
return answer
