-- End the holds (pauses of requests) that a response of AskElephant proves to be unnecessary.
-- The request either succeeded, or AskElephant rejected the content of the request.
-- KEYS: hold of all, hold of the step, failing calls, row of the outage, row of the step's 403s,
--       row of its 404s
-- ARGV: now, call id, token of the hold of all that the request probed or '', '1' if it succeeded
--       or '' if it was rejected, the outage's reason
-- Returns 1 or 0 for each hold, whether it was ended: of all, of the step.
local is_served = ARGV[4] == '1'
redis.call('DEL', KEYS[4])
if is_served then
  redis.call('ZREM', KEYS[3], ARGV[2])
  redis.call('DEL', KEYS[5], KEYS[6])
end
local held = redis.call('HMGET', KEYS[1], 'reason', 'opens', 'until', 'since')
local ended = {0, 0}
if held[1] then
  local is_over = held[2] == 'by_time' and tonumber(held[3]) <= tonumber(ARGV[1])
  local is_probed = ARGV[3] ~= '' and ARGV[3] == held[1] .. '@' .. held[4]
  if is_over or is_probed or held[1] == ARGV[5] then ended[1] = redis.call('DEL', KEYS[1]) end
end
if is_served then ended[2] = redis.call('DEL', KEYS[2]) end
return ended
