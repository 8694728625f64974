// v1.js - random requests signed with HMAC-SHA1 and sent by pop-core, to a server here that replies with what it got.
'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { OpenApiUtil } = require('@alicloud/openapi-core');
const { randomCall, randomParameters } = require('./calls');
const { changeByte, changeParameters } = require('./changes');
const { popCore } = require('./official');
const { BASIC, ODD, WORD } = require('./random');

const AT_A_TIME = 16;

/** A server that replies with the request: {method, target, headers: [name, value] each, body: text}. */
async function startEcho() {
  const server = http.createServer(async (request, response) => {
    const { method, url: target, rawHeaders } = request;
    const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
    const body = Buffer.concat(await request.toArray()).toString();
    response.end(JSON.stringify({ method, target, headers, body }));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

/** What certstat.sign is given. */
function randomV1Call(random) {
  return {
    ...randomCall(random),
    algorithm: 'HMAC-SHA1',
    method: random.pick(['GET', 'POST']),
    query: { Format: random.pick(['JSON', 'XML']), ...randomParameters(random, [WORD, ODD, BASIC]) },
  };
}

/** The request that pop-core sends: everything in the query, or everything in a form. */
async function officialRequest(endpoint, agent, call) {
  const key = { id: call.access_key_id, secret: call.access_key_secret, token: call.security_token };
  const send = popCore.connect(endpoint, key, { agent, formatAction: false, formatParams: false });
  const parameters = { ...call.query, Timestamp: call.date, SignatureNonce: call.nonce };
  return send(call.action, parameters, { method: call.method });
}

/** The signature in it, which openapi-core computes too. */
function officialSignature(call, sent) {
  const { Signature, ...parameters } = Object.fromEntries(new URLSearchParams(sent.target.slice(2) + sent.body));
  assert.strictEqual(OpenApiUtil.getRPCSignature(parameters, call.method, call.access_key_secret), Signature);
  return Signature;
}

/** The parameters in another order, and of a POST some in the query and the rest in the form: so do other clients. */
function rearrange(random, sent) {
  const pieces = random.shuffle((sent.target.slice(2) + sent.body).split('&'));
  const inForm = sent.method === 'POST' ? random.below(pieces.length + 1) : 0;
  return { ...sent, target: '/?' + pieces.slice(inForm).join('&'), body: pieces.slice(0, inForm).join('&') };
}

/** Changes of each part that is signed: the path is not. */
function changeEach(random, received) {
  const changes = [changeByte(random, 'method', received.method)];
  for (const [part, from] of [['target', 2], ['body', 0]]) {
    const text = received[part];
    const signature = /(?<=(^|[?&])Signature=)[^&]*/.exec(text);
    if (text.length > from) {
      changes.push(changeParameters(random, part, text, from));
    }
    if (signature) {
      changes.push(changeParameters(random, part, text, signature.index, signature.index + signature[0].length));
    }
  }
  return changes;
}

function describeRequest(random, call, sent) {
  const received = random.once(2) ? sent : rearrange(random, sent);
  return {
    sign: call, signed: officialSignature(call, sent),
    received: { ...received, body: Buffer.from(received.body) }, changes: changeEach(random, received),
  };
}

/** So many random requests of a seed; see v3.js. */
async function randomRequests(random, count) {
  const server = await startEcho();
  const endpoint = `127.0.0.1:${server.address().port}`;
  const agent = new http.Agent({ keepAlive: true });
  const calls = Array.from({ length: count }, () => randomV1Call(random));
  const sent = [];
  for (let i = 0; i < count; i += AT_A_TIME) {
    const some = calls.slice(i, i + AT_A_TIME);
    sent.push(...await Promise.all(some.map((call) => officialRequest(endpoint, agent, call))));
  }
  agent.destroy();
  server.close();
  return calls.map((call, i) => describeRequest(random, call, sent[i]));
}

module.exports = { randomRequests };
