-- Move a dead letter back into the inbox: two operators race, one does it.
-- KEYS: dead letters, inbox.  ARGV: its place there, received at
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return 0 end
local said = {}
for place = 1, #found[2], 2 do said[found[2][place]] = found[2][place + 1] end
redis.call('XADD', KEYS[2], '*', 'source', said.source or '', 'raw', said.raw or '', 'at', ARGV[2],
  'request', '')
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
