// official.js - the service's official Node clients behind one face: {connect, ways}. connect(endpoint, key) makes a
// function call(action, parameters, way) that returns the reply's fields; what the service refuses is thrown, with the
// service's code in `code`. endpoint: host:port; key: {id, secret, token}; way: one of the client's `ways`.
'use strict';

const openapiClient = require('@alicloud/openapi-client');
const openapiCore = require('@alicloud/openapi-core');
const PopCore = require('@alicloud/pop-core');

const VERSION = '2020-06-30';

/** The generic call of the current generations, which sign with V3. A way: {method, form: whether the parameters go
 * into the body}. */
function generic(Client, Config) {
  return (endpoint, { id: accessKeyId, secret: accessKeySecret, token: securityToken }) => {
    const client = new Client(new Config({ endpoint, accessKeyId, accessKeySecret, securityToken, protocol: 'HTTP' }));
    return async (action, parameters, { method, form }) => {
      const operation = {
        action, version: VERSION, protocol: 'HTTP', pathname: '/', method, authType: 'AK', style: 'RPC',
        reqBodyType: 'formData', bodyType: 'json',
      };
      const { body } = await client.callApi(operation, form ? { body: parameters } : { query: parameters }, {});
      return body;
    };
  };
}

const GENERIC_WAYS = {
  'POST, in the query': { method: 'POST' },
  'POST, in a form': { method: 'POST', form: true },
  'GET': { method: 'GET' },
};

/** The first generation, which signs with V1. A way: {method}; opts: more of the client's options. */
function popCore(endpoint, { id: accessKeyId, secret: accessKeySecret, token: securityToken }, opts) {
  const client = new PopCore({
    endpoint: `http://${endpoint}`, apiVersion: VERSION, accessKeyId, accessKeySecret, securityToken, opts,
  });
  // its JSON reader makes objects without a prototype
  return async (action, parameters, { method }) => structuredClone(await client.request(action, parameters, { method }));
}

module.exports = {
  openapiClient: { connect: generic(openapiClient.default, openapiClient.Config), ways: GENERIC_WAYS },
  openapiCore: { connect: generic(openapiCore.default, openapiCore.$OpenApiUtil.Config), ways: GENERIC_WAYS },
  popCore: { connect: popCore, ways: { GET: { method: 'GET' }, POST: { method: 'POST' } } },
};
