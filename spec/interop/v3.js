// v3.js - random requests signed with ACS3-HMAC-SHA256 by both generations of the official signer.
'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const { OpenApiUtil } = require('@alicloud/openapi-core');
const older = require('@alicloud/openapi-util').default;
const { randomCall, randomParameters } = require('./calls');
const { changeByte, changeHeader, changeParameters } = require('./changes');
const { BASIC, WORD } = require('./random');

const ALGORITHM = 'ACS3-HMAC-SHA256';
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const isSigned = (name) => /^(x-acs-.*|host|content-type)$/i.test(name);

const escapeAll = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => '%' + mark.charCodeAt(0).toString(16).toUpperCase());
// how clients spell a value in a URL: as it is signed, Node's, Go's, .NET's
const SPELLINGS = [
  escapeAll,
  encodeURIComponent,
  (value) => escapeAll(value).replace(/%20/g, '+'),
  (value) => escapeAll(value).replace(/%../g, (escape) => escape.toLowerCase()),
];

/** `+`, `*` and `%7E` at most once each: openapi-util takes only the first of each for what it is. Never empty: both
 * sign an empty line for it where the documentation wants `/`. */
function randomPath(random) {
  const pieces = random.shuffle(['+', '*', '%7E', '~', '%C3%A9', 'api', '/']).slice(random.below(8));
  return random.once(2) ? '/' : '/' + pieces.join('');
}

/** [name, value] each. A name that comes again has another case, for the official signers keep headers in an object;
 * space around a value is ASCII's, for they also trim what HTTP takes for text. */
function randomHeaders(random) {
  const headers = [['accept', 'application/json'], ['X-Acsent', 'not signed']].slice(random.below(3));
  for (let i = random.below(4); i > 0; i--) {
    const name = 'x-acs-' + i + random.text(WORD, 1, 8).toLowerCase();
    const spellings = new Set([name, name.replace('x-a', 'X-A'), name.toUpperCase()]);
    for (const spelling of [...spellings].slice(random.below(spellings.size))) {
      const value = random.once(6) ? '' : random.text(BASIC, 1, 12) + random.pick(['', ' ', '  b', ',']);
      headers.push([spelling, random.pick(['', ' ']) + value + random.pick(['', ' '])]);
    }
  }
  return headers;
}

function randomBody(random) {
  return random.once(3) ? Buffer.alloc(0) : random.bytes(1 + random.below(200));
}

/** What certstat.sign is given, but for headers and body. Names of parameters are letters, digits, dot, dash and
 * underscore: the official signers sign any other byte of a name as it is, where the documentation wants it escaped. */
function randomV3Call(random) {
  return {
    ...randomCall(random),
    method: random.pick(METHODS),
    host: random.pick(['cas.aliyuncs.com', '127.0.0.1:8443', 'cas-vpc.cn-hangzhou.aliyuncs.com']),
    path: randomPath(random),
    query: randomParameters(random, [WORD]),
  };
}

/** The headers that the official clients send with a call (openapi-core, doRequest). */
function officialHeaders(call, given, hash) {
  const token = call.security_token;
  return [
    ['host', call.host], ['x-acs-version', call.version], ['x-acs-action', call.action], ['x-acs-date', call.date],
    ['x-acs-signature-nonce', call.nonce], ...given, ['x-acs-content-sha256', hash],
    ...(token ? [['x-acs-accesskey-id', call.access_key_id], ['x-acs-security-token', token]] : []),
  ];
}

function officialAuthorization(call, headers, hash) {
  const request = {
    method: call.method, pathname: call.path, query: call.query, headers: Object.fromEntries(headers),
  };
  const key = [call.access_key_id, call.access_key_secret];
  const authorization = OpenApiUtil.getAuthorization(request, ALGORITHM, hash, ...key);
  assert.strictEqual(older.getAuthorization(request, ALGORITHM, hash, ...key), authorization);
  return authorization;
}

function spellTarget(random, call) {
  const spell = random.pick(SPELLINGS);
  const pieces = Object.entries(call.query).map(([name, value]) =>
    value || random.once(2) ? `${name}=${spell(value)}` : name);
  return call.path + (pieces.length || random.once(2) ? '?' : '') + random.shuffle(pieces).join('&');
}

/** Changes of each part that is signed. The id in Authorization is none: it says whose secret to take. */
function changeEach(random, received, call) {
  const authorization = received.headers.length;
  const field = received.headers[authorization - 1][1];
  const id = field.indexOf('=') + 1;
  const after = id + call.access_key_id.length;
  const end = field.length;
  const [from, to] = random.pick([[0, id], [after, end], [end - 64, end]]);
  return [
    changeByte(random, 'method', received.method),
    changeParameters(random, 'target', received.target),
    changeHeader(random, received.headers, isSigned),
    { header: authorization, ...changeByte(random, 'value', field, from, to) },
    ...(received.body.length ? [changeByte(random, 'body', received.body)] : []),
  ];
}

/** A random request: {sign: what certstat.sign is given, signed: the official Authorization, received: what a server
 * receives, changes: see changes.js}. */
function randomRequest(random) {
  const call = randomV3Call(random);
  const body = randomBody(random);
  const given = randomHeaders(random);
  if (body.length && random.once(2)) {
    given.push(['Content-Type', random.pick(['application/x-www-form-urlencoded', 'application/json; charset=utf-8'])]);
  }
  const hash = createHash('sha256').update(body).digest('hex');
  const headers = officialHeaders(call, given, hash);
  const signed = officialAuthorization(call, headers, hash);
  const received = {
    method: call.method,
    target: spellTarget(random, call),
    headers: [
      ...random.shuffle(headers.map(([name, value]) => [random.once(2) ? name.toLowerCase() : name, value])),
      ['Authorization', signed],
    ],
    body,
  };
  return {
    sign: { ...call, headers: Object.fromEntries(given), body },
    signed, received, changes: changeEach(random, received, call),
  };
}

/** So many random requests of a seed. */
async function randomRequests(random, count) {
  return Array.from({ length: count }, () => randomRequest(random));
}

module.exports = { randomRequests };
