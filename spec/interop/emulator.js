// emulator.js - an authority made by openssl, and certstat's emulator answering for it.
'use strict';

const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const MAKE_CA = path.join(__dirname, '../../scripts/make-ca');
const KEY = { id: 'interop', secret: 'throw-away' };
const TEMPORARY_KEY = { id: 'STS.interop', secret: 'throw-away-too', token: 'the+token/of==it' };

/** Makes an authority of `count` certificates, the third part of them revoked: {folder: of `openssl ca`, remove()}. */
function makeAuthority(count) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certstat-interop-'));
  execFileSync(MAKE_CA, [path.join(folder, 'ca'), '--count', count, '--revoked', Math.floor(count / 3)]);
  return { folder: path.join(folder, 'ca/sub'), remove: () => fs.rmSync(folder, { recursive: true }) };
}

/** Milliseconds since 1970 of openssl's YYMMDDHHMMSSZ. */
function revokedAt(text) {
  const [, ...part] = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z/.exec(text);
  const [year, month, ...rest] = part.map(Number);
  return Date.UTC(2000 + year, month - 1, ...rest);
}

/** What the service must say of each certificate, as openssl's own database has it. */
function readStatuses(folder) {
  const lines = fs.readFileSync(path.join(folder, 'index.txt'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [word, , revoked, serial] = line.split('\t');
    return {
      RevokeTime: word === 'R' ? revokedAt(revoked) : 0,
      Status: word === 'R' ? 'revoked' : 'good',
      SerialNumber: serial.toLowerCase(),
    };
  });
}

/** Starts an emulator: {endpoint: host:port, stop()}; `more`: options of `certstat emulator`. */
async function startEmulator(folder, ...more) {
  const env = { ...process.env, CERTSTAT_EMULATOR_ACCESS_KEY: JSON.stringify([KEY, TEMPORARY_KEY]) };
  const options = ['emulator', '--ca', folder, '--listen', '127.0.0.1:0', ...more];
  const child = spawn(process.env.CERTSTAT, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = readline.createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  const [, endpoint] = /^listening on http:\/\/(127\.0\.0\.1:\d+)$/.exec(line) ?? assert.fail(`ended: ${line}`);
  async function stop() {
    child.kill('SIGTERM');
    assert.deepStrictEqual(await ended, [0, null]);
  }
  return { endpoint, stop };
}

module.exports = { KEY, TEMPORARY_KEY, makeAuthority, readStatuses, startEmulator };
