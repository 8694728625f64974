--- statuses.lua - what an answer can be, in the order in which they are counted: {name, meaning, level}. level is how
-- grave it is for a tool that knows none, warning and error (SARIF 2.1.0, 3.27.10).
return {
  { name = "good", meaning = "the service says that the certificate is good", level = "none" },
  { name = "revoked", meaning = "the service says that the certificate is revoked", level = "error" },
  { name = "unknown", meaning = "the service does not know the serial number", level = "warning" },
  { name = "absent", meaning = "the service answered and left the serial number out", level = "warning" },
  { name = "conflict", meaning = "the service gave two different answers in one reply", level = "error" },
  { name = "invalid", meaning = "the input is not a serial number", level = "warning" },
  { name = "error", meaning = "there is no answer", level = "error" },
}
