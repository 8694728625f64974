--- What a check found: {check = its name, status = "ok" | "warning" | "failed" | "skipped", message =, class =,
-- policy =}. class: of what failed, see certstat.classify; policy: a text to paste.

--- row(check, status, message, class) → a row.
return function(check, status, message, class)
  return { check = check, status = status, message = message, class = class }
end
