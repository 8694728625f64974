// signatures_test.js - random requests are signed by certstat and by the official signers: the same signature, which
// certstat accepts, and accepts no more when any one byte of what is signed is another.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { before, describe, it } = require('node:test');
const { Random } = require('./random');

const COUNT = 5000;
const SEED = 20200630;

/** Buffers as hexadecimal; the rest as it is. */
function toLine(request) {
  const body = (part) => ({ ...part, body: part.body && part.body.toString('hex') });
  return JSON.stringify({ sign: body(request.sign), received: body(request.received), changes: request.changes });
}

/** certstat's answers to all requests; see signer.lua. */
function askCertstat(requests) {
  const input = requests.map(toLine).join('\n');
  const script = path.join(__dirname, 'signer.lua');
  const { stdout, stderr, status } = spawnSync(process.env.LUA_EXE, [script], { input, maxBuffer: 2 ** 30 });
  assert.strictEqual(`${status} ${stderr}`, '0 ');
  return stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
}

/** Fails with the first request whose answer is not right. */
function assertEach(requests, answers, isRight) {
  const wrong = requests.map((_, i) => i).filter((i) => !isRight(requests[i], answers[i]));
  if (wrong.length > 0) {
    const [first] = wrong;
    assert.fail(`${wrong.length} are wrong, the first of them: ${toLine(requests[first])}
official: ${requests[first].signed}
certstat: ${JSON.stringify(answers[first])}`);
  }
}

for (const [version, { randomRequests }] of Object.entries({ V3: require('./v3'), V1: require('./v1') })) {
  describe(version, () => {
    let requests;
    let answers;

    before(async () => {
      requests = await randomRequests(new Random(SEED), COUNT);
      answers = askCertstat(requests);
    });

    it(`signs ${COUNT} requests as the official signers do`, () => {
      assertEach(requests, answers, (request, answer) => answer.signed === request.signed);
    });

    it('accepts each of them', () => {
      assertEach(requests, answers, (_, answer) => answer.accepted === true);
    });

    it('refuses each when a byte of one of its parts is another', () => {
      assertEach(requests, answers, ({ changes }, { refused }) =>
        refused.length === changes.length && refused.every((code) => code));
    });
  });
}
