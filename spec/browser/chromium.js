// chromium.js - Chromium without a window, driven over its DevTools protocol through two pipes
// (https://chromedevtools.github.io/devtools-protocol/).
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const REPLY_MS = 60000; // the longest that anything may take, also on a machine that does much else

// without its sandbox, which neither root nor every container may use: it opens files of these tests alone
const SWITCHES = ['--no-sandbox', '--headless', '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage',
  '--disable-extensions', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-default-browser-check', '--remote-debugging-pipe', '--window-size=1280,1000'];

/** Starts it: {open(file, options), stop()}. It never outlives stop(), nor who holds its pipes. */
async function startChromium() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'certstat-chromium-'));
  const child = spawn('chromium', [...SWITCHES, `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const connection = connect(child.stdio[3], child.stdio[4], ended);

  async function stop() {
    try {
      process.kill(-child.pid, 'SIGKILL'); // the group, which is its own
    } catch (error) {
      assert.equal(error.code, 'ESRCH');
    }
    await ended;
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  }
  return { open: (file, options) => openPage(connection, file, options), stop };
}

/** Messages are JSON, with a zero byte behind each. */
function connect(input, output, ended) {
  const waiting = new Map();
  const listeners = new Map();
  let count = 0;
  let rest = '';

  function receive({ id, sessionId, method, params, result, error }) {
    if (id === undefined) {
      listeners.get(sessionId)?.(method, params);
    } else if (error) {
      waiting.get(id).reject(new Error(error.message));
    } else {
      waiting.get(id).resolve(result);
    }
  }
  input.on('error', () => {}); // it has ended, which each call says
  output.setEncoding('utf8').on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    messages.forEach((message) => receive(JSON.parse(message)));
  });

  function send(method, params = {}, sessionId = undefined) {
    const id = ++count;
    const reply = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    input.write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    return within(Promise.race([reply, ended.then(() => assert.fail('Chromium ended'))]), method);
  }
  return { send, listen: (sessionId, listener) => listeners.set(sessionId, listener) };
}

async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${REPLY_MS} ms`)), REPLY_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Opens a file: a page with what it requested and complained of, and what may be done with it. */
async function openPage(connection, file, { scripts = true } = {}) {
  const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, params) => connection.send(method, params, sessionId);
  const page = { send, requests: [], complaints: [] };
  let loaded;
  const load = new Promise((resolve) => {
    loaded = resolve;
  });
  connection.listen(sessionId, (method, params) => {
    if (method === 'Network.requestWillBeSent') {
      page.requests.push(params.request.url);
    } else if (method === 'Runtime.exceptionThrown') {
      page.complaints.push(params.exceptionDetails.exception.description);
    } else if (method === 'Log.entryAdded') {
      page.complaints.push(params.entry.text);
    } else if (method === 'Runtime.consoleAPICalled' || method === 'Page.javascriptDialogOpening') {
      page.complaints.push(method);
    } else if (method === 'Page.loadEventFired') {
      loaded();
    }
  });
  for (const domain of ['Network', 'Runtime', 'Log', 'Page', 'Accessibility']) {
    await send(`${domain}.enable`);
  }
  await send('Emulation.setScriptExecutionDisabled', { value: !scripts });
  await send('Page.navigate', { url: `file://${file}` });
  await within(load, file);

  /** What a function gives that runs in the page; its arguments are JSON. */
  page.run = async (body, ...values) => {
    const expression = `(${body})(${values.map((value) => JSON.stringify(value)).join(',')})`;
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    return result.value;
  };
  /** Waits, frame by frame, until a function says yes in the page. */
  page.until = (body) => send('Runtime.evaluate', {
    awaitPromise: true,
    expression: `new Promise((resolve) => {
      const look = () => ((${body})() ? resolve() : requestAnimationFrame(look));
      look();
    })`,
  });
  /** Types into what has the focus; a key of one character, or a name as Tab. */
  page.type = (text) => send('Input.insertText', { text });
  page.press = async (key, code, text) => {
    await send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key, windowsVirtualKeyCode: code, text });
    await send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, windowsVirtualKeyCode: code });
  };
  /** Clicks in the middle of the first element that a selector finds. */
  page.click = async (selector) => {
    const [x, y] = await page.run((wanted) => {
      const element = document.querySelector(wanted);
      element.scrollIntoView({ block: 'center' });
      const box = element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }, selector);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
  };
  page.close = () => connection.send('Target.closeTarget', { targetId });
  return page;
}

module.exports = { startChromium };
