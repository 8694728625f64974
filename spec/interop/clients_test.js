// clients_test.js - the official clients believe the emulator: they get right answers, are told that a secret is wrong,
// and are throttled.
'use strict';

const assert = require('node:assert');
const { after, before, describe, it } = require('node:test');
const { KEY, TEMPORARY_KEY, makeAuthority, readStatuses, startEmulator } = require('./emulator');
const official = require('./official');

const CLIENTS = {
  'openapi-client': official.openapiClient,
  'openapi-core': official.openapiCore,
  'pop-core': official.popCore,
};
const STATUS = 'DescribeClientCertificateStatusForSerialNumber';
const STRANGER = { RevokeTime: 0, Status: 'unknown', SerialNumber: '0badc0de' };
const ODD = ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~\t\n\u00e9\u6f22\u{1f600}';
const COUNT = 12;

describe('the official client', () => {
  let authority;
  let emulator;
  let statuses;

  before(async () => {
    authority = makeAuthority(COUNT);
    statuses = readStatuses(authority.folder);
    emulator = await startEmulator(authority.folder, '--qps', 1000);
  });

  after(async () => {
    await emulator?.stop();
    authority?.remove();
  });

  for (const [name, { connect, ways }] of Object.entries(CLIENTS)) {
    describe(name, () => {
      for (const [title, way] of Object.entries(ways)) {
        for (const [owner, usual] of Object.entries({ 'a key': KEY, 'a temporary key': TEMPORARY_KEY })) {
          const call = (action, parameters, key) => connect(emulator.endpoint, key)(action, parameters, way);
          testAnswers(`${title}, with ${owner}`, call, usual);
        }
      }

      it('is throttled at the eleventh call in a second', async (t) => {
        const strict = await startEmulator(authority.folder);
        t.after(strict.stop);
        const call = connect(strict.endpoint, KEY);
        const [way] = Object.values(ways);
        const asked = Array.from({ length: 11 }, () => call(STATUS, { SerialNumber: STRANGER.SerialNumber }, way));
        const outcomes = (await Promise.allSettled(asked)).map(({ reason }) => reason?.code ?? 'answered');
        assert.deepStrictEqual(outcomes.sort(), ['Throttling.User', ...Array(10).fill('answered')]);
      });
    });
  }

  function testAnswers(title, ask, key) {
    const call = (action, parameters, other = key) => ask(action, parameters, other);

    describe(title, () => {
      it('gets the status of one serial', async () => {
        const { CertificateStatus } = await call(STATUS, { SerialNumber: statuses[0].SerialNumber });
        assert.deepStrictEqual(CertificateStatus, [statuses[0]]);
      });

      it('gets the status of many serials in the order asked', async () => {
        const expected = [...statuses, STRANGER].reverse();
        const list = expected.map(({ SerialNumber }) => SerialNumber).join(',');
        const { CertificateStatus } = await call(STATUS, { SerialNumber: list });
        assert.deepStrictEqual(CertificateStatus, expected);
      });

      it('may send odd characters, and an empty value', async () => {
        const odd = await call('ListClientCertificate', { Identifier: ODD });
        assert.strictEqual(odd.TotalCount, 0);
        const all = await call('ListClientCertificate', { Identifier: '' });
        assert.strictEqual(all.TotalCount, COUNT);
      });

      it('with a wrong secret is told that the signature does not match', async () => {
        const asked = call(STATUS, { SerialNumber: STRANGER.SerialNumber }, { ...key, secret: `${key.secret}x` });
        await assert.rejects(asked, { code: 'SignatureDoesNotMatch' });
      });

      it('with another token is told so', async () => {
        const asked = call(STATUS, { SerialNumber: STRANGER.SerialNumber }, { ...key, token: 'another' });
        await assert.rejects(asked, { code: 'InvalidSecurityToken.MismatchWithAccessKey' });
      });
    });
  }
});
