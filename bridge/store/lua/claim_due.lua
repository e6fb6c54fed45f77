-- Claim overdue calls and postpone their due time, so that no other sweep claims them.
-- KEYS: due, sweep lease, calls that wait for a worker slot, of each kind of work
-- ARGV: now, most, new due time, lease token, prefix of the leases on calls
-- Returns the calls that neither wait for a worker slot nor have a lease. Returns nil if the lease
-- of the sweep has expired, because another sweep may run.
if redis.call('GET', KEYS[2]) ~= ARGV[4] then return nil end
local function is_on_its_way(id)
  if redis.call('EXISTS', ARGV[5] .. id) > 0 then return true end
  for number = 3, #KEYS do
    if redis.call('ZSCORE', KEYS[number], id) then return true end
  end
end
local idle = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  redis.call('ZADD', KEYS[1], ARGV[3], id)
  if not is_on_its_way(id) then idle[#idle + 1] = id end
end
return idle
