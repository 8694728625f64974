local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local settings = require "certstat.emulator.settings"

describe("settings", function()
  it("are read as they were written, once", function()
    local folder = files.folder()
    finally(function() ipc.remove_folder(folder) end)
    local given = {
      folders = { "/a", "b c" }, keys = { { id = "demo", secret = 's"\\' } }, qps = 10, max_serials = 50, log = "log",
    }
    assert.is_true(settings.write(folder, given))
    assert.same(given, settings.read(folder))
    local again, message = settings.read(folder)
    assert.is_nil(again)
    assert.equal(folder .. "/settings.json: No such file or directory", message)
  end)

  it("say where they can't be written", function()
    local ok, message = settings.write("/nonexistent", {})
    assert.is_nil(ok)
    assert.equal("/nonexistent/settings.json: No such file or directory", message)
  end)
end)
