--- An access key id as it may be shown.

--- "LTAI5tExampleOfAnId" -> "LTAI...AnId"; a short one keeps two characters.
return function(id)
  if #id < 12 then return id:sub(1, 2) .. "..." end
  return id:sub(1, 4) .. "..." .. id:sub(-4)
end
