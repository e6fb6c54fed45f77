-- Save records by compare-and-set. A record and its index writes are saved in one step, or not.
-- KEYS: for each change its record, its lease, then the key of each of its writes
-- ARGV: for each change the number of its writes, expected version, payload, lease token or '',
--       then for each write its command, its number of arguments after the key, and these arguments
-- Returns for each change 'saved', 'conflict', 'lease_lost', or the error of Redis.
local function save(record, lease, version, payload, token, writes)
  local head = redis.call('GETRANGE', record, 0, 20)
  local found = string.match(head, '^(%d+)\n') or (head == '' and '0' or 'damaged')
  if found ~= version then return 'conflict' end
  if token ~= '' and redis.call('GET', lease) ~= token then return 'lease_lost' end
  redis.call('SET', record, payload)
  for _, write in ipairs(writes) do redis.call(unpack(write)) end
  return 'saved'
end

local replies, key, at = {}, 1, 1
while at <= #ARGV do
  local record, lease, writes = KEYS[key], KEYS[key + 1], {}
  local count, version, payload, token = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  at, key = at + 4, key + 2
  for number = 1, count do
    local last = at + 1 + ARGV[at + 1]
    writes[number] = {ARGV[at], KEYS[key], unpack(ARGV, at + 2, last)}
    at, key = last + 1, key + 1
  end
  local is_done, result = pcall(save, record, lease, version, payload, token, writes)
  if not is_done and type(result) ~= 'table' then result = redis.error_reply(tostring(result)) end
  replies[#replies + 1] = result
end
return replies
