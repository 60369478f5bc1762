-- One step of the algorithm of package ratelimit; record.go takes the same.
-- KEYS[1]: the record. ARGV: window, max (0: unlimited), grain, requests (0: look
-- only), keep, from, now (0: the clock of Redis); times in milliseconds.
-- Returns how many of the requests pass, used, requests this hour, reset, and for
-- those that do not pass when to try again; when looking only, 1 for one that
-- would pass, and then also last use and its address.
local window, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = tonumber(ARGV[7])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local hour = math.floor(now / 3600000)

-- The newest burst stands in the head: it began at opened, ended at used and
-- counts fresh. The older ones follow, 12 bytes each: end and count; oldest is
-- the end of the first of them, or 0.
local hits, used, opened, total, fresh, oldest, from, older = 0, 0, 0, 0, 0, 0, '', ''
local raw = redis.call('GET', KEYS[1])
if raw then
  local h, at
  h, hits, used, opened, total, fresh, oldest, from, at = struct.unpack('>I8I4I8I8I4I4I8s', raw)
  if h ~= hour then hits = 0 end
  older = string.sub(raw, at)
end

while oldest > 0 and oldest + window <= now do
  local _, count = struct.unpack('>I8I4', older)
  total = total - count
  older = string.sub(older, 13)
  oldest = older == '' and 0 or struct.unpack('>I8', older)
end
if fresh > 0 and used + window <= now then total, fresh = total - fresh, 0 end

local look = ARGV[4] == '0'
local asked = look and 1 or tonumber(ARGV[4])
local passed = asked
if max > 0 then passed = math.max(0, math.min(asked, max - total)) end
if passed > 0 and not look then
  hits, from = hits + passed, ARGV[6]
  if max > 0 then
    total = total + passed
    if fresh > 0 and now - opened < tonumber(ARGV[3]) then
      fresh = fresh + passed
    else
      if fresh > 0 then
        older = older .. struct.pack('>I8I4', used, fresh)
        if oldest == 0 then oldest = used end
      end
      opened, fresh = now, passed
    end
  end
  if now > used then used = now end
  redis.call('SET', KEYS[1], struct.pack('>I8I4I8I8I4I4I8s', hour, hits, used, opened, total, fresh, oldest, from) .. older, 'PX', ARGV[5])
end

local reset, again = 0, 0
if oldest > 0 then
  reset = oldest + window - now
elseif fresh > 0 then
  reset = used + window - now
end
if passed < asked then
  local left, pos = total, 1
  while left >= max do
    if pos > #older then
      again = used + window - now
      break
    end
    local last, count = struct.unpack('>I8I4', older, pos)
    left, again, pos = left - count, last + window - now, pos + 12
  end
end
if look then
  return { passed, total, hits, reset, again, used, from }
end
return { passed, total, hits, reset, again }
