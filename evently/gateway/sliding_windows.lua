-- Judges a batch of requests, each of which must find room in all of its tiers or counts in none.
--
-- A tier counts in a sliding window: what fell into the window under way, and of the window before
-- it the share that still lies less than a window back.
--
-- KEYS  the tiers that the requests fall under, each once; each holds "began current previous".
--       Tiers with one key and several limits share one count.
-- ARGV  numbers in one text: the window in ms; the limit of each tier; then for each request how
--       many more of its kind the caller would like to let pass without asking, how many tiers it
--       has, and which
-- Gives numbers in one text, six for each request: 1 when it may pass, else 0; the place of the
-- tier that refuses longest or has the least left; what is left there; ms until its window ends;
-- ms to wait; how many more may pass. (One text, because each value by itself costs the caller more
-- time than all of this.)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local next_word = string.gmatch(ARGV[1], '%d+')
local function next_number() return tonumber(next_word()) end
local window = next_number()
local tiers, limits, changed = {}, {}, {}
for number = 1, #KEYS do limits[number] = next_number() end

local function tier_of(number)
  local key = KEYS[number]
  local tier = tiers[key]
  if tier then return tier end
  tier = {began = now, current = 0, previous = 0}
  local value = redis.call('GET', key)
  local began, current, previous = string.match(value or '', '(%d+) (%d+) (%d+)')
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

-- What is given in advance is at most this part of what is left: next to a limit none is.
local LARGEST_PART = 1 / 32

local function judge(asked, wish)
  local refuser, longest = nil, 0
  for place, number in ipairs(asked) do
    local tier, limit = tier_of(number), limits[number]
    if left_in(tier, limit) < 1 then
      local wait = wait_for(tier, limit)
      if wait > longest then refuser, longest = place, wait end
    end
  end
  if refuser then
    return 0, refuser - 1, 0, tier_of(asked[refuser]).began + window - now, longest, 0
  end
  local tightest, least = 1, math.huge
  for place, number in ipairs(asked) do
    local tier = tier_of(number)
    tier.current = tier.current + 1
    changed[KEYS[number]] = true
    local left = left_in(tier, limits[number])
    if left < least then tightest, least = place, left end
  end
  local given = math.min(wish, math.floor(least * LARGEST_PART))
  for place, number in ipairs(asked) do
    local tier = tier_of(number)
    tier.current = tier.current + given
  end
  local reset = tier_of(asked[tightest]).began + window - now
  return 1, tightest - 1, math.floor(least), reset, 0, given
end

local verdicts = {}
for wish in next_word do
  local asked = {}
  for place = 1, next_number() do asked[place] = next_number() end
  local verdict = {judge(asked, tonumber(wish))}
  verdicts[#verdicts + 1] = string.format('%.0f %.0f %.0f %.0f %.0f %.0f', unpack(verdict))
end
for key in pairs(changed) do
  local tier = tiers[key]
  local value = string.format('%.0f %.0f %.0f', tier.began, tier.current, tier.previous)
  redis.call('SET', key, value, 'PX', tier.began + 2 * window - now)
end
return table.concat(verdicts, ' ')
