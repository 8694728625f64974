--- forms.lua - one serial number as each program prints it. Where the forms come from: OpenSSL 3.0 `x509
-- -serial` and `-text`, nginx $ssl_client_serial, HAProxy ssl_c_serial,hex, Java BigInteger.toString(16) and
-- Go %x.
local forms = {}

-- Lower-case hex as decimal digits, in base 10^7, since Lua 5.1's numbers hold no 160 bits.
local function decimal_of(hex)
  local limbs = { 0 } -- least first
  for digit in hex:gmatch("%x") do
    local carry = tonumber(digit, 16)
    for i = 1, #limbs do
      local sum = limbs[i] * 16 + carry
      carry = math.floor(sum / 1e7)
      limbs[i] = sum - carry * 1e7
    end
    if carry > 0 then
      limbs[#limbs + 1] = carry
    end
  end
  local digits = {}
  for i = #limbs, 1, -1 do
    digits[#digits + 1] = ("%07.0f"):format(limbs[i])
  end
  return (table.concat(digits):gsub("^0+(%d)", "%1"))
end

--- key: a canonical key (lower-case hex of even length). Returns an array of {name, text}.
function forms.of(key)
  local upper = key:upper()
  local colons = key:gsub("..", "%0:"):sub(1, -2)
  return {
    { "key", key },
    { "openssl", upper },
    { "colon", colons },
    { "decimal", decimal_of(key) },
    { "nginx", upper },
    { "haproxy", upper },
    { "java, go", (key:gsub("^0", "")) },
  }
end

return forms
