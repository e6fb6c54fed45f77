-- Grant a lease on each call that is not leased, and read the other keys of these calls.
-- KEYS: for each call its lease, then the keys to read
-- ARGV: token, milliseconds, number of keys of each call
-- Returns for each call the values that were read, or nil if another worker has the lease. A lease
-- with the same token is not another worker's: the client has sent this script before.
local token, width, replies = ARGV[1], tonumber(ARGV[3]), {}
for lease = 1, #KEYS, width do
  local holder = redis.call('GET', KEYS[lease])
  if not holder then
    redis.call('SET', KEYS[lease], token, 'PX', ARGV[2])
    holder = token
  end
  local values = false
  if holder == token then
    values = {}
    for key = lease + 1, lease + width - 1 do
      values[#values + 1] = redis.pcall('GET', KEYS[key])
    end
  end
  replies[#replies + 1] = values
end
return replies
