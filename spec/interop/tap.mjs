// tap.mjs - node:test's results as TAP, with the time of each test and the trace of each failure. Nothing may be
// skipped.
import { inspect } from 'node:util';

const SAID_BY_ITS_TESTS = new Set(['subtestsFailed', 'cancelledByParent']);
const isPassed = (type, data) => type === 'test:pass' && !('skip' in data) && !('todo' in data);

function explain({ skip, todo, details: { error } }) {
  const text = error ? inspect(error.cause ?? error) : `skipped: ${skip ?? todo}`;
  return text.replace(/^/gm, '# ');
}

export default async function* report(events) {
  const names = [];
  let count = 0;
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') {
      continue;
    }
    const { type: kind, duration_ms: took, error } = data.details;
    const name = [...names.slice(0, data.nesting), data.name].join(': ');
    const time = `${name} # ${Math.round(took)} ms`;
    if (kind === 'suite' && (!error || SAID_BY_ITS_TESTS.has(error.failureType))) {
      yield `# ${time}\n`;
    } else if (isPassed(type, data)) {
      yield `ok ${++count} - ${time}\n`;
    } else {
      yield `not ok ${++count} - ${name}\n${explain(data)}\n`;
    }
  }
  yield `1..${count}\n`;
}
