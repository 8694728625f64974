// changes.js - one changed byte in a request that was received. A change says where it is: {part, at, byte} with part
// method, target or body, or name or value with `header` its place among the headers; places count from 1.
'use strict';

/** The change of a random byte of text, which is bytes or a string in UTF-8, between the offsets from and to. */
function changeByte(random, part, text, from = 0, to = Buffer.byteLength(text)) {
  const at = from + random.below(to - from);
  const byte = (Buffer.from(text)[at] + 1 + random.below(255)) % 256;
  return { part, at: at + 1, byte };
}

function meaning(text, isTarget) {
  const mark = isTarget ? text.indexOf('?') + 1 || text.length : 0;
  const parameters = new URLSearchParams(text.slice(mark));
  parameters.sort();
  return text.slice(0, mark) + parameters;
}

/** As changeByte, but none that leaves the parameters what they are: %2a for %2A, & for the = of an empty value. */
function changeParameters(random, part, text, from, to) {
  for (;;) {
    const change = changeByte(random, part, text, from, to);
    const changed = Buffer.from(text);
    changed[change.at - 1] = change.byte;
    if (meaning(changed.toString('latin1'), part === 'target') !== meaning(text, part === 'target')) {
      return change;
    }
  }
}

/** The change of a byte of one of the headers, [name, value] each; not of a name's case or of space around a value. */
function changeHeader(random, headers, isSigned) {
  for (;;) {
    const header = random.below(headers.length);
    const [name, value] = headers[header];
    const trimmed = value.trim();
    if (!isSigned(name)) {
      continue;
    }
    if (trimmed && !random.once(4)) {
      const from = value.indexOf(trimmed);
      return { header: header + 1, ...changeByte(random, 'value', value, from, from + Buffer.byteLength(trimmed)) };
    }
    const change = changeByte(random, 'name', name);
    if (String.fromCharCode(change.byte).toLowerCase() !== name[change.at - 1].toLowerCase()) {
      return { header: header + 1, ...change };
    }
  }
}

module.exports = { changeByte, changeParameters, changeHeader };
