--- The operations of version 2020-06-30 that the emulator answers, by name. Each is a table: `shape`, the
-- fields of its reply and their types, and `run(context, parameters, pause)` → values; or nil, error code,
-- message. context: {registry=, max_serials=}; parameters: name to value; pause: called now and then.
return {
  DescribeClientCertificateStatusForSerialNumber = require "certstat.emulator.operations.status",
  ListClientCertificate = require "certstat.emulator.operations.list",
}
