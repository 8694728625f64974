local certificates = require "certstat.sources.certificates"
local files = require "spec.emulator.files"
local items = require "spec.sources.items"

describe("sources.certificates", function()
  local pem = files.read("spec/command/two.pem")
  local first = pem:match("%-%-%-%-%-BEGIN.-%-%-%-%-%-END CERTIFICATE%-%-%-%-%-\n")

  local function all(text)
    return items.all(certificates.items(items.reader(text), "f"))
  end

  it("gives what a certificate says of itself", function()
    local item = certificates.items(items.reader(first), "f")()
    assert.equal("084bde9cd2", item.serial)
    assert.equal("f:1", item.source)
    assert.is_truthy(item.subject:find("CN", 1, true), item.subject)
    assert.is_true(item.not_before < item.not_after)
  end)

  it("reads PEM, with text between, and DER", function()
    local _, text_before = pem:match("^(.-)(%-%-%-%-%-BEGIN)")
    assert.is_truthy(text_before)
    local found = all(first .. "text\n" .. first)
    assert.equal(2, #found)
    assert.equal("f:1 084bde9cd2", found[1])
    local name = os.tmpname()
    files.write(name, first)
    files.shell(("openssl x509 -in %s -outform der -out %s.der"):format(name, name))
    assert.same({ "f 084bde9cd2" }, all(files.read(name .. ".der")))
    assert.same({ {}, "longer than 1048576 bytes" }, { all("0\130" .. ("x"):rep(1048576)) })
    os.remove(name)
    os.remove(name .. ".der")
  end)

  it("gives rows for damaged ones, and for one without end", function()
    local found = all(first:gsub("\n.-\n", "\nAAAA\n", 1) .. first .. first:sub(1, 200))
    assert.is_truthy(found[1]:find("^! f: f:1: "), found[1])
    assert.is_truthy(found[2]:find(" 084bde9cd2$"))
    assert.is_truthy(found[3]:find("^! f: f:%d+: the certificate has no END line$"), found[3])
  end)

  it("is nil where the file is neither", function()
    assert.is_nil(certificates.items(items.reader("084bde\n"), "f"))
    assert.is_nil(certificates.items(items.reader("0102\n"), "f"))
    assert.is_nil(certificates.items(items.reader(""), "f"))
  end)
end)
