-- Decide which requests may be sent to AskElephant. Under a hold (a pause of requests) one request
-- at a time may be sent as a trial (a probe).
-- KEYS: hold of all, hold of the step, failing calls, row of the outage, row of the step's 403s,
--       row of its 404s, due calls of the step, due calls of the other steps
-- ARGV: now, seconds until a probe counts as lost, most seconds of a hold without a probe, how many
--       due calls to compare, then the ids of the calls
-- Returns for each call 'open' | 'probe' | 'held', the throttles in a row, whether a request failed
-- since the last one that succeeded, and the tokens of the two holds. With 'held' the fields of the
-- hold follow, in the order in which they are read below.
local now, probe_seconds, most_seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local rows_exist = redis.call('EXISTS', KEYS[4], KEYS[5], KEYS[6]) > 0
local holds, tokens, throttles = {}, {'', ''}, '0'
for number = 1, 2 do
  local held = redis.call('HMGET', KEYS[number], 'reason', 'since', 'until', 'next', 'detail',
    'status', 'step', 'opens', 'throttles')
  if number == 1 then throttles = held[9] or '0' end
  if held[1] and not (held[8] == 'by_time' and tonumber(held[3]) <= now) then
    holds[number] = held
    tokens[number] = held[1] .. '@' .. held[2]
  end
end

-- Return the hold that denies the request of a call with this number of failures, or nil.
local function denial(failures)
  for number = 1, 2 do
    if holds[number] and tonumber(holds[number][4]) > now then return holds[number] end
  end
  if failures == 0 or not (holds[1] or holds[2]) then return nil end
  for number = 7, holds[1] and #KEYS or 7 do
    local _, fewest = least_failed(KEYS[number], KEYS[3], ARGV[1], ARGV[4])
    if fewest and fewest < failures then return holds[1] or holds[2] end
  end
end

local replies = {}
for place = 5, #ARGV do
  local failures = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[place]) or '0')
  local strained = tonumber(throttles) > 0 or failures > 0 or rows_exist
  local denied = denial(failures)
  local reply = {'open', throttles, strained and 1 or 0, tokens[1], tokens[2]}
  if denied then
    reply[1] = 'held'
    for field = 1, 8 do reply[5 + field] = denied[field] or '' end
  elseif holds[1] or holds[2] then
    reply[1] = 'probe'
    for number, held in pairs(holds) do
      local wait = held[8] == 'by_time' and most_seconds or math.min(probe_seconds, most_seconds)
      held[4] = tostring(now + wait)
      redis.call('HSET', KEYS[number], 'next', now + wait)
      if held[8] == 'by_probe' then
        held[3] = held[4]
        redis.call('HSET', KEYS[number], 'until', now + wait)
      end
    end
  end
  replies[#replies + 1] = reply
end
return replies
