local fake = require "spec.command.fake"
local input = require "certstat.command.input"

local ONE, TWO = "084bde9cd2", "b67e53eb"

local function run(command)
  local pipe = io.popen(command .. " 2>&1; echo $?")
  local said = pipe:read("*a")
  pipe:close()
  assert(said:find("0\n$"), said)
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- every item as text: the serial, or "!" and the row's label and message
local function collect(iterator)
  local found = {}
  while true do
    local item, message = iterator()
    if not item then
      return found, message
    elseif item.row then
      assert.equal("invalid", item.row.status)
      assert.equal("argument", item.row.class)
      found[#found + 1] = "! " .. item.row.serial .. ": " .. item.row.message
    else
      found[#found + 1] = item.serial
    end
  end
end

local function from_text(text)
  local iterator, message = input.open("-", fake.stream(text))
  if not iterator then
    return nil, message
  end
  return collect(iterator)
end

describe("command.input", function()
  local folder = os.tmpname()
  os.remove(folder)
  local pem = read("spec/command/two.pem")
  local first = pem:match("%-%-%-%-%-BEGIN.-%-%-%-%-%-END CERTIFICATE%-%-%-%-%-\n")

  setup(function()
    run("mkdir " .. folder)
  end)

  teardown(function()
    run("rm -rf " .. folder)
  end)

  describe("a text list", function()
    it("is a serial a line, without blanks, empty lines and comments", function()
      assert.same({ "08:4b", "dec:12", "a,b" }, from_text("# serials\n\n 08:4b \r\n\tdec:12\n   # more\na,b"))
    end)

    it("may begin with a byte order mark", function()
      assert.same({ "084b" }, from_text("\239\187\191084b\n"))
    end)

    it("is not read whole into memory: a line without end becomes a row", function()
      local found = from_text("01\n" .. ("2"):rep(1048577) .. "\n03\n")
      assert.same({ "01", "! " .. ("2"):rep(64) .. ": -:2: longer than 1048576 bytes", "03" }, found)
    end)

    it("has to hold something", function()
      assert.same({ nil, "no serial number in the standard input" }, { from_text("") })
      assert.same({ nil, "no serial number in the standard input" }, { from_text("# nothing\n\n") })
      local path = write(folder .. "/empty.txt", "\n")
      assert.same({ nil, "no serial number in " .. path }, { input.open(path) })
    end)

    it("may be a file", function()
      local path = write(folder .. "/list.txt", "01\n02\n")
      local iterator, share = input.open(path)
      assert.equal(0.5, share())
      assert.same({ "01", "02" }, collect(iterator))
      assert.equal(1, share())
    end)

    it("has no known length where it is the standard input", function()
      local _, share = input.open("-", fake.stream("01\n"))
      assert.is_nil(share())
    end)
  end)

  describe("certificates", function()
    it("are known by their content: PEM, with text between", function()
      assert.same({ ONE, TWO }, from_text(pem))
    end)

    it("are known by their content: DER", function()
      local path = write(folder .. "/one.txt", first)
      run(("openssl x509 -in %s -outform der -out %s/one.der"):format(path, folder))
      assert.same({ ONE }, collect((input.open(folder .. "/one.der"))))
    end)

    it("are read one by one, however long the file is", function()
      local found = from_text(first:rep(2000))
      assert.equal(2000, #found)
    end)

    it("that are damaged become rows", function()
      local damaged = first:gsub("\n.-\n", "\nAAAA\n", 1)
      local found = from_text(damaged .. first)
      assert.equal(2, #found)
      assert.is_truthy(found[1]:find("^! %-: "), found[1])
      assert.equal(ONE, found[2])
    end)

    it("that are cut off become rows", function()
      local found = from_text(first .. first:sub(1, 200))
      assert.same({ ONE, "! -: -:11: the certificate has no END line" }, found)
    end)

    it("without end become rows", function()
      local found = from_text("-----BEGIN CERTIFICATE-----\n" .. (("A"):rep(64) .. "\n"):rep(20000))
      assert.equal("! -: -:1: the certificate is longer than 1048576 bytes", found[1])
    end)

    it("are not keys, requests or CRLs", function()
      for _, kind in ipairs { "PRIVATE KEY", "CERTIFICATE REQUEST", "X509 CRL" } do
        local block = ("-----BEGIN %s-----\nAAAA\n-----END %s-----\n"):format(kind, kind)
        assert.same({ nil, "no certificate in the standard input" }, { from_text(block) })
        assert.same({ ONE }, from_text(block .. first))
      end
    end)
  end)

  describe("a folder", function()
    it("is its certificates by file name, without other files, folders and hidden ones", function()
      local path = folder .. "/certificates"
      run("mkdir -p " .. path .. "/sub")
      write(path .. "/b.pem", first)
      write(path .. "/a.crt", pem)
      write(path .. "/.hidden.pem", first)
      write(path .. "/sub/c.pem", first)
      write(path .. "/README", "01\n02\n")
      local iterator, share = input.open(path)
      assert.same({ ONE, TWO, ONE }, collect(iterator))
      assert.equal(1, share())
    end)

    it("has a row for a certificate that can't be read", function()
      local path = folder .. "/damaged"
      run("mkdir -p " .. path)
      write(path .. "/a.pem", first:sub(1, 200))
      write(path .. "/b.pem", first)
      assert.same({
        "! " .. path .. "/a.pem: " .. path .. "/a.pem:1: the certificate has no END line",
        ONE,
      }, collect((input.open(path))))
    end)

    it("has to hold a certificate", function()
      local path = folder .. "/none"
      run("mkdir -p " .. path)
      assert.same({ nil, "no certificate in the folder " .. path }, { input.open(path) })
      write(path .. "/list.txt", "01\n")
      assert.same({ nil, "no certificate in the folder " .. path }, { input.open(path) })
    end)
  end)

  it("says that a file can't be opened", function()
    assert.same({ nil, "/nonexistent: No such file or directory" }, { input.open("/nonexistent") })
    assert.same({ nil, "/nonexistent: No such file or directory" }, { input.open_certificates("/nonexistent") })
  end)

  describe("a format", function()
    local formats = {
      { "csv:serial:-", "name,serial\na,01\n" },
      { "tsv:serial:-", "name\tserial\na\t01\n" },
      { "ndjson:tls.serial:-", '{"tls":{"serial":"01"}}\n' },
      { "log:serial:-", "GET / serial=01\n" },
      { "match:tls: (%x+):-", "tls: 01\n" },
    }
    for _, case in ipairs(formats) do
      it("is named: " .. case[1], function()
        assert.same({ "01" }, collect((input.open(case[1], fake.stream(case[2])))))
      end)
    end

    it("is looked for in the content of what has a colon in its name, but none of theirs", function()
      local path = write(folder .. "/a:b", "01\n")
      assert.same({ "01" }, collect((input.open(path))))
    end)

    local mistakes = {
      { "csv:serial", "csv:serial: expected csv:COLUMN:FILE" },
      { "log::f", "log::f: expected log:FIELD:FILE" },
      { "match:x", "match:x: expected match:PATTERN:FILE" },
      { "changed:yesterday", "changed:yesterday: expected changed:2026-01-02 or changed:'2026-01-02 03:04:05'" },
      { "csv:serial:/nonexistent", "/nonexistent: No such file or directory" },
    }
    for _, case in ipairs(mistakes) do
      it("has to be whole: " .. case[1], function()
        assert.same({ nil, case[2] }, { input.open(case[1]) })
      end)
    end

    it("needs its column", function()
      assert.same({ nil, "-: expected a column 'serial', found a, b" },
        { input.open("csv:serial:-", fake.stream("a,b\n1,2\n")) })
    end)

    it("of a log may find nothing, any other has to find something", function()
      assert.same({}, collect((input.open("log:serial:-", fake.stream("")))))
      assert.same({ nil, "no serial number in the standard input" }, { input.open("match:x:-", fake.stream("y\n")) })
    end)
  end)

  describe("the service's lists", function()
    local asked
    local client = {
      certificates = function(_, options)
        asked = options
        local given
        return function()
          given = not given
          return given and { serial = "01" } or nil
        end
      end,
    }

    it("are list, revoked and changed", function()
      assert.same({ "01" }, collect((input.open("list", nil, client))))
      assert.equal("ListClientCertificate", asked.operation)
      assert.same({ "01" }, collect((input.open("revoked", nil, client))))
      assert.equal("ListRevokeCertificate", asked.operation)
      assert.same({ "01" }, collect((input.open("changed:2026-01-02 03:04:05", nil, client))))
      assert.same({ operation = "ListCert", parameters = { AfterDate = "2026-01-02 03:04:05" } }, asked)
    end)

    it("are files where nobody is asked", function()
      assert.same({ nil, "list: No such file or directory" }, { input.open("list") })
    end)
  end)

  describe("several sources", function()
    it("are read one after the other", function()
      local path = write(folder .. "/several", "02\n03\n")
      local iterator, share = input.open_all({ "-", path }, fake.stream("01\n"))
      assert.same({ "01", "02", "03" }, collect(iterator))
      assert.equal(1, share())
    end)

    it("have a share where each has", function()
      local path = write(folder .. "/several", "02\n03\n")
      local iterator, share = input.open_all({ path, path })
      iterator()
      assert.equal(0.25, share())
      iterator()
      iterator()
      assert.equal(0.75, share())
      iterator, share = input.open_all({ "-", path }, fake.stream("01\n"))
      iterator()
      assert.is_nil(share())
    end)

    it("end where one fails", function()
      local path = write(folder .. "/cut.gz", "\31\139\8\0")
      assert.same({ nil, path .. ": the gzip data is cut off" }, { input.open_all({ "-", path }, fake.stream("01\n")) })
    end)

    it("are divided into the service's lists and the others", function()
      local lists, others = input.divided { "a", "list", "changed:2026-01-02", "-", "csv:list:revoked", "revoked" }
      assert.same({ "list", "changed:2026-01-02", "revoked" }, lists)
      assert.same({ "a", "-", "csv:list:revoked" }, others)
      assert.is_nil(input.open_all({})())
    end)

    it("read the standard input once", function()
      assert.same({ nil, "the standard input can be read only once" },
        { input.open_all({ "-", "csv:serial:-" }, fake.stream("01\n")) })
    end)
  end)

  it("takes certificates alone where it is told so", function()
    assert.same({ ONE, TWO }, collect((input.open_certificates("spec/command/two.pem"))))
    assert.same({ ONE, TWO }, collect((input.open_certificates("-", fake.stream(pem)))))
    assert.same({ nil, "no certificate in the standard input" }, { input.open_certificates("-", fake.stream("01\n")) })
  end)
end)
