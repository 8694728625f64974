// tap.js - a reporter for node's test runner: flat TAP, a line a test with its time, suites left out.
'use strict';

module.exports = async function* tap(source) {
  const suites = [];
  let count = 0;
  for await (const { type, data } of source) {
    if (type === 'test:start') suites[data.nesting] = data.name;
    if ((type !== 'test:pass' && type !== 'test:fail') || (data.details.type === 'suite' && type === 'test:pass')) continue;
    count += 1;
    const name = [...suites.slice(0, data.nesting), data.name].join(' ').replace(/\s+/g, ' ');
    if (data.skip !== undefined || data.todo !== undefined) {
      yield `not ok ${count} - ${name}\n# skipped\n`;
    } else if (type === 'test:pass') {
      yield `ok ${count} - ${name} # ${Math.round(data.details.duration_ms)} ms\n`;
    } else {
      const { error } = data.details;
      yield `not ok ${count} - ${name}\n# ${String((error.cause && error.cause.stack) || error).replace(/\n/g, '\n# ')}\n`;
    }
  }
  yield `1..${count}\n`;
};
