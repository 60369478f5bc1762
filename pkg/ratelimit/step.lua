-- One step of the algorithm of package ratelimit; record.go takes the same.
-- KEYS[1]: the record. ARGV: window, max (0: unlimited), grain, cost (0: look
-- only), keep, from, now (0: the clock of Redis); times in milliseconds.
-- Returns allowed, used, reset, requests this hour; and when looking only,
-- last use and its address.
local window, max, grain = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(ARGV[7])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

local hour, hits, used, opened, total, from, bursts = math.floor(now / 3600000), 0, 0, 0, 0, '', ''
local raw = redis.call('GET', KEYS[1])
if raw then
  local at, h
  h, hits, used, opened, total, from, at = struct.unpack('>I8I4I8I8I4s', raw)
  if h ~= hour then hits = 0 end
  bursts = string.sub(raw, at)
end

-- Each burst is 12 bytes: the time of its last request, and its count.
local first, size = 1, #bursts
while first < size do
  local last, count = struct.unpack('>I8I4', bursts, first)
  if last + window > now then break end
  total = total - count
  first = first + 12
end
if first > 1 then bursts = string.sub(bursts, first) end

local allowed = max == 0 or total < max
if ARGV[4] == '1' and allowed then
  hits, used, from = hits + 1, now, ARGV[6]
  if max > 0 then
    total = total + 1
    if bursts ~= '' and now - opened < grain then
      local last, count = struct.unpack('>I8I4', bursts, #bursts - 11)
      if last < now then last = now end
      bursts = string.sub(bursts, 1, -13) .. struct.pack('>I8I4', last, count + 1)
    else
      opened = now
      bursts = bursts .. struct.pack('>I8I4', now, 1)
    end
  end
  redis.call('SET', KEYS[1], struct.pack('>I8I4I8I8I4s', hour, hits, used, opened, total, from) .. bursts, 'PX', ARGV[5])
end

local reset, left, pos = 0, total, 1
while pos < #bursts do
  local last, count = struct.unpack('>I8I4', bursts, pos)
  left = left - count
  reset = last + window - now
  if max == 0 or left < max then break end
  pos = pos + 12
end
if ARGV[4] == '1' then
  return { allowed and 1 or 0, total, reset, hits }
end
return { allowed and 1 or 0, total, reset, hits, used, from }
