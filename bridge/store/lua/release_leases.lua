-- Delete each lease that still has this token.  KEYS: leases.  ARGV: token
for _, lease in ipairs(KEYS) do
  if redis.call('GET', lease) == ARGV[1] then redis.call('DEL', lease) end
end
