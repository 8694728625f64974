--- scripts/make-ca: what demos and specs are made of.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

describe("make-ca", function()
  local folder

  before_each(function() folder = files.folder() end)
  after_each(function() ipc.remove_folder(folder) end)

  it("makes two real authorities and what they issued, revoked as many as told", function()
    local made = files.make_ca(folder, 44, 9)
    local ca = folder .. "/ca"
    assert.equal(44, #made)
    local database = {}
    for status, revoked, serial in files.read(ca .. "/sub/index.txt"):gmatch("(%u)\t%w+\t([^\t]*)\t(%x+)\t") do
      database[#database + 1] = { status, revoked:match(",(.*)") or "", serial:lower() }
    end
    local revoked, shapes = 0, {}
    for i, one in ipairs(made) do
      assert.equal(i % 2 == 1 and "CLIENT" or "SERVER", one.kind)
      assert.same({ one.status == "revoked" and "R" or "V", one.reason, one.serial }, database[i])
      if one.status == "revoked" then revoked = revoked + 1 end
      assert.is_true(#one.serial >= 16 and #one.serial <= 40 and #one.serial % 2 == 0)
      local shape = one.serial:find("^0") and "zero nibble" or one.serial:find("^[89a-f]") and "high bit"
        or one.serial:find("^%d+$") and "digits" or "plain"
      shapes[shape] = true
    end
    assert.equal(9, revoked)
    assert.same({ ["zero nibble"] = true, ["high bit"] = true, digits = true, plain = true }, shapes)
    assert.equal("", files.shell(
      ("openssl verify -CAfile %s/chain.pem %s/sub/newcerts/*.pem | grep -v OK$ || true"):format(ca, ca)))
    for _, kind in ipairs { "sslclient 1", "sslserver 2" } do
      local purpose, number = kind:match("(%a+) (%d)")
      assert.is_truthy(files.shell(("openssl verify -purpose %s -CAfile %s/chain.pem %s/sub/newcerts/%s.pem"):format(
        purpose, ca, ca, made[tonumber(number)].serial:upper())):find("OK\n$"))
    end
    assert.equal(files.shell(("openssl pkey -in %s/keys/7.key -pubout"):format(ca)),
      files.shell(("openssl x509 -in %s/sub/newcerts/%s.pem -noout -pubkey"):format(ca, made[7].serial:upper())))
    files.shell(("openssl ca -config %s/sub/openssl.cnf -gencrl -out %s/crl.pem"):format(ca, folder))
  end)

  it("gives the same serials for the same seed, others for another", function()
    local function serials(name, seed)
      files.shell(("scripts/make-ca %s/%s --count 12 --seed %s"):format(folder, name, seed))
      return files.shell(("cut -f4 %s/%s/sub/index.txt"):format(folder, name))
    end
    local first = serials("a", "7")
    assert.equal(first, serials("b", "7"))
    assert.are_not.equal(first, serials("c", "8"))
  end)

  for arguments, message in pairs {
    [""] = "DIR and --count are needed (see make-ca --help)",
    ["x"] = "DIR and --count are needed (see make-ca --help)",
    ["x --count"] = "--count needs a value",
    ["x --count many"] = "--count: expected a whole number, found 'many'",
    ["x --count 0"] = "--count: expected at least 1",
    ["x --count 1 --revoked 2"] = "--revoked: more than --count",
    ["x y --count 1"] = "one DIR only (see make-ca --help)",
    ["x --count 1 --faults"] = "unknown option --faults (see make-ca --help)",
    ["/tmp --count 1"] = "/tmp exists already",
  } do
    it(("refuses '%s'"):format(arguments), function()
      assert.equal("make-ca: " .. message .. "\n4\n",
        files.shell(("r=$PWD; cd %s; $r/scripts/make-ca %s; echo $?"):format(folder, arguments)))
      assert.equal("", files.shell("ls " .. folder))
    end)
  end
end)
