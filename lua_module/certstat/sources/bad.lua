--- bad.lua - what stands for a place of a source where no serial number can be read: nothing handed in vanishes.

--- source: where that is, `FILE:LINE` or a file's name; message: what is wrong there; text: what was found, where that
-- is short enough to show (a row needs a serial: nil stands for the source). Returns an item that is a row already.
return function(source, message, text)
  return { row = {
    serial = text or source, status = "invalid", class = "argument", code = "InvalidInput",
    message = source .. ": " .. message, source = source,
  } }
end
