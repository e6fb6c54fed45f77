-- Take the due call that has failed least, and set it back so that no other sweep takes it.
-- KEYS: sweep lease, failing calls, due of each step
-- ARGV: now, how many to look at in each, set back to, lease token
-- Returns the number of its step and the call, nothing when none is due, or nil when the lease is
-- no longer ours.
if redis.call('GET', KEYS[1]) ~= ARGV[4] then return nil end
local best, fewest, at = nil, nil, nil
for number = 3, #KEYS do
  local id, failures = least_failed(KEYS[number], KEYS[2], ARGV[1], ARGV[2])
  if id and (not best or failures < fewest) then best, fewest, at = id, failures, number end
end
if not best then return {} end
redis.call('ZADD', KEYS[at], ARGV[3], best)
return {at - 2, best}
