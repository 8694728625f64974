--- The read operations of version 2020-06-30, by name. Each is a table: `shape`, the fields of its reply and their
-- types, and `run(context, parameters, pause, now_s)` → values; or nil, error code, message. context: {registry=,
-- switches=, max_serials=}; parameters: name to value; pause: called now and then; now_s: seconds since 1970.
local authorities = require "certstat.emulator.operations.authorities"
local instances = require "certstat.emulator.operations.instances"
local status = require "certstat.emulator.operations.status"

return {
  DescribeCACertificate = authorities.one,
  DescribeCACertificateCount = authorities.count,
  DescribeCACertificateList = authorities.list,
  DescribeClientCertificate = require "certstat.emulator.operations.detail",
  DescribeClientCertificateForSerialNumber = require "certstat.emulator.operations.detail_by_serial",
  DescribeClientCertificateStatus = status.of_identifiers,
  DescribeClientCertificateStatusForSerialNumber = status.of_serials,
  DescribePcaAndExternalCACertificateList = authorities.list_with_external,
  GetCAInstanceStatus = instances.status,
  GetCaInstanceCrlAddress = instances.crl_address,
  ListAllEndEntityInstance = instances.all,
  ListCACertificateLog = require "certstat.emulator.operations.authority_log",
  ListCert = require "certstat.emulator.operations.list_cert",
  ListClientCertificate = require "certstat.emulator.operations.list",
  ListPcaCaCertificate = authorities.list_by_token,
  ListRevokeCertificate = require "certstat.emulator.operations.list_revoked",
  ListTagResources = require "certstat.emulator.operations.tags",
}
