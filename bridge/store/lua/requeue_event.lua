-- Move a dead letter to the inbox, in one step, so that two operators cannot move it twice.
-- KEYS: dead letters, inbox.  ARGV: id of the dead letter, received at
-- Returns 1 if the dead letter was moved, 0 if there is none with this id.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return 0 end
local fields = {}
for place = 1, #found[2], 2 do fields[found[2][place]] = found[2][place + 1] end
redis.call('XADD', KEYS[2], '*', 'source', fields.source or '', 'raw', fields.raw or '',
  'at', ARGV[2], 'request', '')
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
