-- Compare-and-set of a record; whatever moves with it moves in the same step, or not at all.
-- KEYS: record, lease, then the key of each move
-- ARGV: expected version, payload, lease token or '', then for each move: its command, how many
--       arguments that has behind the key, and these
local head = redis.call('GETRANGE', KEYS[1], 0, 20)
local version = string.match(head, '^(%d+)\n') or (head == '' and '0' or 'damaged')
if version ~= ARGV[1] then return 'conflict' end
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[3] then return 'lease_lost' end

redis.call('SET', KEYS[1], ARGV[2])
local at = 4
for move = 3, #KEYS do
  local last = at + 1 + ARGV[at + 1]
  redis.call(ARGV[at], KEYS[move], unpack(ARGV, at + 2, last))
  at = last + 1
end
return 'saved'
