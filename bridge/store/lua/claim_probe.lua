-- Claim the due call with the fewest failures and postpone it, so that no other sweep claims it.
-- KEYS: sweep lease, failing calls, due calls of each step
-- ARGV: now, how many calls of each step to compare, new due time, lease token
-- Returns the number of its step and its id, an empty list if no call is due, or nil if the lease
-- has expired.
if redis.call('GET', KEYS[1]) ~= ARGV[4] then return nil end
local best, fewest, at = nil, nil, nil
for number = 3, #KEYS do
  local id, failures = least_failed(KEYS[number], KEYS[2], ARGV[1], ARGV[2])
  if id and (not best or failures < fewest) then best, fewest, at = id, failures, number end
end
if not best then return {} end
redis.call('ZADD', KEYS[at], ARGV[3], best)
return {at - 2, best}
