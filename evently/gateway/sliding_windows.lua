-- Judges a batch of requests, each of which must find room in all of its tiers or counts in none.
--
-- A tier counts in a sliding window: what fell into the window under way, and of the window before
-- it the share that still lies less than a window back.
--
-- KEYS  the tiers of all requests, one request after another; each holds "began current previous"
-- ARGV  numbers in one text: the window in ms; then for each request how many tiers it has and the
--       limit of each
-- Gives numbers in one text, five for each request: 1 when it may pass, else 0; the place of the
-- tier that refuses longest or has the least left; what is left there; ms until its window ends;
-- ms to wait. (One text, because each value by itself costs the caller more time than all of this.)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local next_word = string.gmatch(ARGV[1], '%d+')
local function next_number() return tonumber(next_word()) end
local window = next_number()
local tiers, changed = {}, {}

local function tier_of(key)
  local tier = tiers[key]
  if tier then return tier end
  tier = {began = now, current = 0, previous = 0}
  local began, current, previous = string.match(redis.call('GET', key) or '', '(%d+) (%d+) (%d+)')
  began = math.min(tonumber(began) or 0, now)
  if now - began < window then
    tier = {began = began, current = tonumber(current), previous = tonumber(previous)}
  elseif now - began < 2 * window then
    tier = {began = began + window, current = 0, previous = tonumber(current)}
  end
  tiers[key] = tier
  return tier
end

local function left_in(tier, limit)
  return limit - tier.current - tier.previous * (1 - (now - tier.began) / window)
end

-- Milliseconds from the beginning of a window until the window before it leaves room for one more.
local function until_room(previous, room)
  return room < previous and window * (1 - room / previous) or 0
end

local function wait_for(tier, limit)
  local room = limit - 1 - tier.current
  local instant = room >= 0 and until_room(tier.previous, room)
    or window + until_room(tier.current, limit - 1)
  return math.max(1, math.ceil(tier.began + instant - now))
end

local function judge(first, count, limits)
  local refuser, longest = nil, 0
  for i = 0, count - 1 do
    local tier, limit = tier_of(KEYS[first + i]), limits[i]
    if left_in(tier, limit) < 1 then
      local wait = wait_for(tier, limit)
      if wait > longest then refuser, longest = i, wait end
    end
  end
  if refuser then
    local tier = tiers[KEYS[first + refuser]]
    return 0, refuser, 0, tier.began + window - now, longest
  end
  local tightest, least = 0, math.huge
  for i = 0, count - 1 do
    local key = KEYS[first + i]
    tiers[key].current = tiers[key].current + 1
    changed[key] = true
    local left = left_in(tiers[key], limits[i])
    if left < least then tightest, least = i, left end
  end
  return 1, tightest, math.floor(least), tiers[KEYS[first + tightest]].began + window - now, 0
end

local verdicts, first = {}, 1
while KEYS[first] do
  local count, limits = next_number(), {}
  for i = 0, count - 1 do limits[i] = next_number() end
  verdicts[#verdicts + 1] = string.format('%.0f %.0f %.0f %.0f %.0f', judge(first, count, limits))
  first = first + count
end
for name in pairs(changed) do
  local tier = tiers[name]
  local value = string.format('%.0f %.0f %.0f', tier.began, tier.current, tier.previous)
  redis.call('SET', name, value, 'PX', tier.began + 2 * window - now)
end
return table.concat(verdicts, ' ')
