// calls.js - random calls, as certstat.sign is given them; what the two schemes have in common.
'use strict';

const { LOWER_HEX, ODD, PRINTABLE, UNICODE, WORD } = require('./random');

/** {name: value}, empty values among them. A name often begins as the one before; alphabets: what names are made of. */
function randomParameters(random, alphabets) {
  const parameters = {};
  let name = '';
  for (let i = random.below(8); i > 0; i--) {
    name = (random.once(3) ? name : '') + random.text(random.pick(alphabets), 1, 9);
    parameters[name] = random.once(6) ? '' : random.text(random.pick([WORD, ODD, UNICODE]), 1, 24);
  }
  return parameters;
}

/** Who calls what and when; half of the keys are temporary ones. */
function randomCall(random) {
  return {
    action: random.text(WORD, 1, 60),
    version: '2020-06-30',
    date: new Date(random.next() * 1000).toISOString().replace('.000Z', 'Z'),
    nonce: random.text(LOWER_HEX, 1, 64),
    access_key_id: random.text(WORD, 1, 30),
    access_key_secret: random.text(random.pick([WORD, PRINTABLE, UNICODE]), 1, 100),
    security_token: random.once(2) ? random.text(PRINTABLE, 1, 400) : undefined,
  };
}

module.exports = { randomCall, randomParameters };
