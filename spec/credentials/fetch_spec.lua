local emulator = require "spec.emulator.emulator"
local fetch = require "certstat.credentials.fetch"
local files = require "spec.emulator.files"
local host = require "certstat.host.plain"
local ipc = require "certstat.ipc"

-- What comes of a step.
local function run(one, step)
  local begun, why = one:begin(step)
  if not begun then return nil, why end
  while true do
    local done, reply, problem = one:poll()
    if done then return reply, problem end
    one:pause(host, 5e6)
  end
end

local function shell(script, limit_ns)
  return { command = { argv = { "/bin/sh", "-c", script }, env = { "PATH=/bin:/usr/bin", "A=b" },
    limit_ns = limit_ns or 20e9 } }
end

describe("credentials.fetch of a program", function()
  local one
  before_each(function() one = fetch.new {} end)
  after_each(function() one:close() end)

  it("gives what it writes", function()
    assert.same({ body = "a\nb\n" }, run(one, shell 'echo a; echo "$A"'))
  end)

  it("says how it failed, and takes 64 KiB and no more", function()
    local rows = {
      { shell "exit 3", "ended with status 3" },
      { shell "kill -9 $$", "was ended by signal 9" },
      { shell "head -c 65537 /dev/zero", "wrote more than 64 KiB" },
      { shell("sleep 60", 1e8), "took too long" },
      { { command = { argv = { "/no/such" }, env = {}, limit_ns = 1e9 } },
        "can't be started: /no/such: No such file or directory" },
    }
    for _, row in ipairs(rows) do assert.same({ n = 2, nil, row[2] }, { n = 2, run(one, row[1]) }) end
    assert.equal(65536, #run(one, shell "head -c 65536 /dev/zero").body)
  end)

  it("says the last line of what it says where it fails, and is not silent itself about the rest", function()
    local rows = {
      { 'echo one >&2; printf "two \\033[31m\\n\\n" >&2; exit 7', "ended with status 7: two \\x1B[31m" },
      { "head -c 300 /dev/zero | tr '\\0' a >&2; kill -9 $$", "was ended by signal 9: " .. ("a"):rep(200) .. "..." },
      { "head -c 65537 /dev/zero | tr '\\0' '\\n' >&2; sleep 60",
        "wrote more than 64 KiB to its standard error" },
      { "printf ' \\n' >&2; exit 1", "ended with status 1" },
    }
    for _, row in ipairs(rows) do assert.same({ n = 2, nil, row[2] }, { n = 2, run(one, shell(row[1])) }) end
    assert.same({ n = 2, nil, "took too long: waiting" }, { n = 2, run(one, shell("echo waiting >&2; sleep 60", 1e9)) })
    assert.same({ body = "a\n" }, run(one, shell "echo for nobody >&2; echo a"))
  end)

  -- the kernel takes the status of each child of a process that ignores SIGCHLD, nginx that of its own
  it("judges by what it writes where somebody else takes its status", function()
    local script = [[
      local fetch = require("certstat.credentials.fetch").new {}
      for _, line in ipairs(arg) do
        local done, reply, why
        assert(fetch:begin { command = { argv = { "/bin/sh", "-c", line }, env = {}, limit_ns = 20e9 } })
        repeat done, reply, why = fetch:poll() until done
        print(reply and reply.body or why)
      end]]
    local path = os.tmpname()
    files.write(path, script)
    local told = files.shell(("env --ignore-signal=CHLD %s %s 'echo a; exit 3' 'echo why >&2; exit 3' true")
      :format(files.interpreter(), path))
    os.remove(path)
    assert.equal("a\n\nwrote nothing: why\nwrote nothing\n", told)
  end)

  it("ends all that a program has started, and gives it nothing to read", function()
    local folder = files.folder()
    local script = ("sleep 60 & echo $! > %s/pid; cat; wait"):format(folder)
    assert.same({ n = 2, nil, "took too long" }, { n = 2, run(one, shell(script, 5e8)) })
    local pid = files.read(folder .. "/pid"):match("%d+")
    local look = ("grep -q -v ') Z ' /proc/%s/stat 2> /dev/null && echo there || echo gone"):format(pid)
    assert.equal("gone\n", files.shell(look))
    ipc.remove_folder(folder)
  end)

  it("is given up for another", function()
    assert.is_true(one:begin(shell "sleep 60"))
    assert.same({ body = "a\n" }, run(one, shell "echo a"))
  end)
end)

describe("credentials.fetch of a request", function()
  local folder, service, one

  setup(function()
    folder = files.folder()
    files.make_ca(folder, 1, 0)
    service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0" }
  end)

  teardown(function()
    emulator.stop(service)
    ipc.remove_folder(folder)
  end)

  before_each(function() one = fetch.new {} end)
  after_each(function() one:close() end)

  local function get(path, total_ns)
    return { request = { method = "GET", url = service.url .. path, total_ns = total_ns } }
  end

  it("gives the reply", function()
    local reply = run(one, get "/credentials/html")
    assert.same({ 200, "<html><body>Please log in.</body></html>" }, { reply.status, reply.body })
    assert.is_string(reply.headers.date)
    assert.equal(404, run(one, get "/credentials/not-found").status)
  end)

  it("says why there is none", function()
    local reply, why = run(one, get("/credentials/stall", 2e8))
    assert.is_nil(reply)
    assert.equal(service.host .. ": timed out after 200 ms in all, waiting for the reply", why)
    assert.same({ n = 2, nil, "url: plain http to example.com is not allowed, only to 127.0.0.0/8, [::1] and "
      .. "100.100.100.200" }, { n = 2, run(one, { request = { method = "GET", url = "http://example.com/" } }) })
  end)

  it("is given up for another, whose reply alone counts", function()
    assert.is_true(one:begin(get "/credentials/stall"))
    one:poll()
    assert.equal(404, run(one, get "/credentials/not-found").status)
  end)

  it("says what is wrong with the authorities to trust", function()
    local other = fetch.new { ca_file = "/no/such.pem" }
    assert.same({ n = 2, nil, "can't read the CA file /no/such.pem: No such file or directory" },
      { n = 2, other:begin(get "/") })
  end)
end)
