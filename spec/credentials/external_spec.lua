local external = require "certstat.credentials.external"
local source = require "spec.credentials.source"

local FILES = { ["/bin/tool"] = "", ["/usr/bin/tool"] = "", ["/opt/my tool"] = "" }

local function run(line, variables) return external.run(source.new { files = FILES, variables = variables }, line) end

local function argv(line, variables)
  local step, why = run(line, variables)
  return step and step.command.argv or why
end

describe("credentials.external", function()
  it("takes the words of a line apart, as the aliyun command does, and no shell", function()
    local rows = {
      { "/bin/tool", { "/bin/tool" } },
      { "  /bin/tool  a\tb ", { "/bin/tool", "a", "b" } },
      { [[/bin/tool "a b" 'c d' e"f"'g' ""]], { "/bin/tool", "a b", "c d", "efg", "" } },
      { [["/opt/my tool" \"a\ b "\"\c" '\"']], { "/opt/my tool", '"a b', '"\\c', '\\"' } },
      { "/bin/tool $HOME `id` ; rm * | x > y", { "/bin/tool", "$HOME", "`id`", ";", "rm", "*", "|", "x", ">", "y" } },
    }
    for _, row in ipairs(rows) do assert.same(row[2], argv(row[1])) end
    for _, bad in ipairs { [[/bin/tool "a]], "/bin/tool 'a", [[/bin/tool "a\"]] } do
      source.refused("its process_command has a quote that is not closed", true, run(bad))
    end
  end)

  it("finds a program in PATH's absolute folders", function()
    assert.same({ "/usr/bin/tool" }, argv("tool", { PATH = "bin:/nowhere:/usr/bin:/bin" }))
    assert.same({ "/usr/bin/tool" }, argv "tool")
    assert.same({ "./tool" }, argv "./tool")
    source.refused("its process_command is not found: tool", true, run("tool", { PATH = "/nowhere" }))
    source.refused("its process_command is not found: it is empty", true, run " ")
  end)

  it("hands down what a program needs, and none of our secrets", function()
    local step = run("/bin/tool", {
      PATH = "/bin", HOME = "/h", LANG = "C", ALIBABA_CLOUD_ACCESS_KEY_ID = "canary",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = "canary", ALIBABA_CLOUD_SECURITY_TOKEN = "canary",
      CERTSTAT_EMULATOR_ACCESS_KEY = "canary", AWS_SECRET_ACCESS_KEY = "canary", LD_PRELOAD = "canary",
    })
    assert.same({ "PATH=/bin", "HOME=/h", "LANG=C" }, step.command.env)
    assert.equal(60e9, step.command.limit_ns)
  end)

  it("reads what it writes, in the form of a profile", function()
    local step = run "/bin/tool"
    assert.same({ access_key_id = "i", access_key_secret = "s" }, step.continue {
      body = '{"mode":"AK","access_key_id":"i","access_key_secret":"s","sts_token":"old"}' })
    assert.same({ access_key_id = "i", access_key_secret = "s", security_token = "t", expires_in = 59 }, step.continue {
      body = '{"mode":"StsToken","access_key_id":"i","access_key_secret":"s","sts_token":"t",'
        .. '"expiration":"2026-01-02T03:05:05Z"}' })
  end)

  it("says what is wrong with it, without repeating it", function()
    local rows = {
      { nil, "ended with status 3", "its process_command ended with status 3" },
      { "canary", nil, "what its process_command wrote is no JSON: Expected value but found invalid token at "
        .. "character 1" },
      { "{}", nil, "what its process_command wrote has neither mode AK nor StsToken" },
      { '{"mode":"RamRoleArn"}', nil, "what its process_command wrote has neither mode AK nor StsToken" },
      { '{"mode":"AK","access_key_id":"i"}', nil,
        "what its process_command wrote has no access_key_id or no access_key_secret" },
      { '{"mode":"StsToken","access_key_id":"i","access_key_secret":"s"}', nil,
        "what its process_command wrote has no sts_token" },
      { '{"mode":"AK","access_key_id":"i","access_key_secret":"s","expiration":"2026-01-02T03:04:05Z"}', nil,
        "what its process_command wrote had expired at 2026-01-02T03:04:05Z" },
      { '{"mode":"AK","access_key_id":"i","access_key_secret":"s","expiration":"soon"}', nil,
        "what its process_command wrote has no Expiration that is a time" },
    }
    for _, row in ipairs(rows) do
      source.refused(row[3], true, run("/bin/tool").continue(row[1] and { body = row[1] }, row[2]))
    end
  end)
end)
