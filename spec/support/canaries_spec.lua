local canaries = require "spec.support.canaries"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

describe("the search for secrets", function()
  it("finds each form of one", function()
    for _, text in ipairs {
      "x Canary/Secret+0123456789= y", "the first eight: throw-aw...", "?key=Canary%2FSecret%2B0123456789%3D",
      -- by base64(1): it, and it behind x and xx
      "Q2FuYXJ5L1NlY3JldCswMTIzNDU2Nzg5PQ==", "eENhbmFyeS9TZWNyZXQrMDEyMzQ1Njc4OT0=",
      "eHhDYW5hcnkvU2VjcmV0KzAxMjM0NTY3ODk9",
    } do
      local ok, message = pcall(canaries.check, text, "it")
      assert.is_false(ok, text)
      assert.truthy(message:find("it has a secret (", 1, true), message)
    end
    assert.is_nil(canaries.check("a canary in a mine, and --access-key demo:throw-away", "it"))
  end)

  it("finds it in what others have written below a folder", function()
    local folder = files.folder()
    files.shell(("mkdir %s/below && echo 'a %s b' > %s/below/log"):format(folder, canaries.SECRET, folder))
    files.write(folder .. "/mine", canaries.SECRET)
    local found = canaries.search { folder }
    table.sort(found)
    assert.same({ folder .. "/below/log", folder .. "/mine" }, found)
    local ok, message = pcall(ipc.remove_folder, folder)
    assert.is_false(ok)
    assert.truthy(message:find("there is a secret in " .. folder .. "/below/log", 1, true), message)
    assert.is_nil(message:find("mine", 1, true))
    assert.is_nil(ipc.facts(folder))
  end)

  it("does not mind what a spec has written and left as it is", function()
    local folder = files.folder()
    files.write(folder .. "/mine", canaries.SECRET)
    assert.is_true(ipc.remove_folder(folder))
    folder = files.folder()
    files.write(folder .. "/mine", canaries.SECRET)
    files.shell(("echo more >> %s/mine"):format(folder))
    assert.is_false((pcall(ipc.remove_folder, folder)))
    assert.is_true(ipc.remove_folder(folder .. "/none"))
  end)
end)
