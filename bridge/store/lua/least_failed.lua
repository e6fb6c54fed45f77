-- Return the call of a due set with the fewest failures in a row; of equals, the newest.
-- Compares at most `look` calls. This file is prepended to the scripts that choose the call for the
-- next trial request under a hold.
local function least_failed(due, failing, now, look)
  local best, fewest = nil, nil
  for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', due, now, '-inf', 'LIMIT', 0, look)) do
    local failures = tonumber(redis.call('ZSCORE', failing, id) or '0')
    if not best or failures < fewest then best, fewest = id, failures end
    if fewest == 0 then break end
  end
  return best, fewest
end
