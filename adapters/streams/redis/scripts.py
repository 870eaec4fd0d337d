"""What happens in Redis at once or not at all.

Bounds are checked where the records are added, or two processes would both see the last free place; sizes are kept in
the same step, or they would drift; and a consumer may be removed only while nothing can become pending for it.
"""

from __future__ import annotations

# KEYS: bell, sizes, streams. ARGV: most records, most bytes, bytes of these, then four a record: stream, key, payload,
# origin. Answers {1} or, where there is no room, {0, records, bytes}.
APPEND = """
local known = redis.call('HMGET', KEYS[2], 'count', 'bytes')
local count, bytes = tonumber(known[1] or 0), tonumber(known[2] or 0)
local more = (#ARGV - 3) / 4
if count + more > tonumber(ARGV[1]) or bytes + tonumber(ARGV[3]) > tonumber(ARGV[2]) then
  return {0, count, bytes}
end
local grown = {}
for i = 4, #ARGV, 4 do
  local stream = KEYS[2 + tonumber(ARGV[i])]
  if ARGV[i + 3] == '' then
    redis.call('XADD', stream, '*', 'k', ARGV[i + 1], 'p', ARGV[i + 2])
  else
    redis.call('XADD', stream, '*', 'k', ARGV[i + 1], 'p', ARGV[i + 2], 'o', ARGV[i + 3])
  end
  grown[stream] = (grown[stream] or 0) + #ARGV[i + 1] + #ARGV[i + 2]
end
for stream, size in pairs(grown) do
  redis.call('HINCRBY', KEYS[2], stream, size)
end
redis.call('HINCRBY', KEYS[2], 'count', more)
redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[3])
redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'n', more)
return {1}
"""

# KEYS: sizes, streams. ARGV: group, the beginning of the names of spools' lists, then two a record: stream, id. Answers
# how many there were. What came from a spool is told to it, by a list which a spool that is gone for good does not fill
# for ever.
REMOVE = """
local gone, bytes = 0, 0
for i = 3, #ARGV, 2 do
  local stream, id = KEYS[1 + tonumber(ARGV[i])], ARGV[i + 1]
  local found = redis.call('XRANGE', stream, id, id)[1]
  if found then
    local fields = found[2]
    local size = #fields[2] + #fields[4]
    gone, bytes = gone + 1, bytes + size
    if fields[6] then
      local spool, place = string.match(fields[6], '^([^/]+)/(.+)$')
      redis.call('RPUSH', ARGV[2] .. spool, place)
      redis.call('EXPIRE', ARGV[2] .. spool, 691200)
    end
    redis.call('XDEL', stream, id)
    redis.call('HINCRBY', KEYS[1], stream, -size)
  end
  redis.call('XACK', stream, ARGV[1], id)
end
if gone > 0 then
  redis.call('HINCRBY', KEYS[1], 'count', -gone)
  redis.call('HINCRBY', KEYS[1], 'bytes', -bytes)
end
return gone
"""

# KEYS: stream. ARGV: group, owner. All that is pending becomes the owner's, uncounted; other consumers have nothing
# left then and are removed.
CLAIM = """
local cursor = '0-0'
repeat
  cursor = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, cursor, 'COUNT', 1000, 'JUSTID')[1]
until cursor == '0-0'
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  if consumer[2] ~= ARGV[2] and consumer[4] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer[2])
  end
end
return 1
"""
