-- One step of the algorithm of package ratelimit; record.go takes the same.
-- KEYS[1]: the record. ARGV: window, max (0: unlimited), grain, cost (0: look
-- only), keep, from, now (0: the clock of Redis); times in milliseconds.
-- Returns allowed, used, reset, requests this hour; and when looking only,
-- last use and its address.
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

local allowed = max == 0 or total < max
local look = ARGV[4] == '0'
if allowed and not look then
  hits, from = hits + 1, ARGV[6]
  if max > 0 then
    total = total + 1
    if fresh > 0 and now - opened < tonumber(ARGV[3]) then
      fresh = fresh + 1
    else
      if fresh > 0 then
        older = older .. struct.pack('>I8I4', used, fresh)
        if oldest == 0 then oldest = used end
      end
      opened, fresh = now, 1
    end
  end
  if now > used then used = now end
  redis.call('SET', KEYS[1], struct.pack('>I8I4I8I8I4I4I8s', hour, hits, used, opened, total, fresh, oldest, from) .. older, 'PX', ARGV[5])
end

local reset = 0
if oldest > 0 then
  reset = oldest + window - now
elseif fresh > 0 then
  reset = used + window - now
end
if not allowed then
  local left, pos = total, 1
  while left >= max do
    if pos > #older then
      reset = used + window - now
      break
    end
    local last, count = struct.unpack('>I8I4', older, pos)
    left, reset, pos = left - count, last + window - now, pos + 12
  end
end
if look then
  return { allowed and 1 or 0, total, reset, hits, used, from }
end
return { allowed and 1 or 0, total, reset, hits }
