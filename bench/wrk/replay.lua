-- Sends the requests of a file, one a line: method, path, token and body between tabs.
--
-- wrk … -s replay.lua URL -- HOST FILE MODE PAUSE
--   HOST   the header of that name
--   MODE   "once": each request once, and the end comes with the last answer;
--          "over": over and over, until wrk's own time is up
--   PAUSE  milliseconds between an answer and the next request, on average (0 to twice as long)
--
-- One thread only. `done` prints the figures as one line of JSON.

local ffi = require("ffi")
ffi.cdef([[
  struct moment { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct moment *now);
  int getpid(void);
  int kill(int pid, int signal);
  int usleep(unsigned int microseconds);
]])
local MONOTONIC, INTERRUPT = 1, 2
-- An interrupt that comes before wrk sleeps until its own end is missed: few requests are answered
-- sooner than that.
local UNTIL_WRK_SLEEPS = 200000
-- A connection that is given nothing to send stays open and silent.
local NOTHING = ""
local LARGEST_STATUS = 599
local moment = ffi.new("struct moment")

local lines, following, asked = {}, 1, false
local thread_of_ours

local function seconds_now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local function read(line, host)
  local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
  local headers = { ["Accept"] = "*/*", ["Host"] = host }
  if token ~= "" then headers["Authorization"] = "Bearer " .. token end
  if body == "" then return wrk.format(method, path, headers) end
  headers["Content-Type"] = "application/json"
  return wrk.format(method, path, headers, body)
end

local function count_to_the_last()
  answered, began, ended = 0, 0, 0
  for status = 100, LARGEST_STATUS do _G["status_" .. status] = 0 end

  function response(status)
    answered = answered + 1
    local name = "status_" .. status
    _G[name] = _G[name] + 1
    if answered == #lines then
      ended = seconds_now()
      ffi.C.usleep(UNTIL_WRK_SLEEPS)
      ffi.C.kill(ffi.C.getpid(), INTERRUPT)
    end
  end
end

function setup(thread)
  thread_of_ours = thread
end

function init(args)
  local host, file, mode, mean = args[1], args[2], args[3], tonumber(args[4])
  if mean > 0 then
    function delay() return 2 * mean * math.random() end
  end
  for line in io.lines(file) do lines[#lines + 1] = read(line, host) end
  if mode == "once" then count_to_the_last() end
end

function request()
  -- wrk looks at one request before it begins: that one is not sent.
  if not asked then
    asked = true
    return lines[1]
  end
  if following == 1 then began = seconds_now() end
  local line = lines[following] or NOTHING
  following = following + 1
  if following > #lines and not answered then following = 1 end
  return line
end

local function statuses()
  local found = {}
  for status = 100, LARGEST_STATUS do
    local number = thread_of_ours:get("status_" .. status) or 0
    if number > 0 then found[#found + 1] = string.format('"%d": %d', status, number) end
  end
  return "{" .. table.concat(found, ", ") .. "}"
end

function done(summary, latency)
  local began, ended = thread_of_ours:get("began"), thread_of_ours:get("ended")
  local errors = summary.errors
  local answer = '{"answers": %d, "bad": %d, "lost": %d, "statuses": %s, "seconds": %f, '
    .. '"p50_ms": %f, "p95_ms": %f, "p99_ms": %f}\n'
  io.write(answer:format(
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    statuses(), ended and ended > 0 and ended - began or summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
  ))
end
