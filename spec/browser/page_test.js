// page_test.js - the page of certstat audit --report, in Chromium, as people use it. PAGES: the folder that pages.lua
// has filled.
'use strict';

const assert = require('node:assert');
const { after, before, describe, it } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { startChromium } = require('./chromium');

const file = (name) => path.join(process.env.PAGES, name);
const expected = (name) => JSON.parse(fs.readFileSync(file(`${name}.json`), 'utf8'));

describe('the page of an audit', () => {
  let chromium;
  let page;

  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium?.stop());

  /** Opens one of the pages, which must ask nobody for anything, and complain of nothing. */
  async function open(name) {
    await page?.close();
    page = await chromium.open(file(`${name}.html`));
    assertQuiet();
  }

  function assertQuiet() {
    assert.deepStrictEqual(page.complaints, []);
    assert.deepStrictEqual(page.requests.map((url) => path.basename(url)), [path.basename(page.requests[0])]);
  }

  const texts = (selector) => page.run((wanted) => Array.from(document.querySelectorAll(wanted),
    (element) => element.textContent), selector);
  const range = async () => (await texts('#range'))[0];
  const shown = () => page.run(() => Array.from(document.querySelector('#table').tBodies[0].rows,
    (row) => Array.from(row.cells, (cell) => cell.textContent)));
  const background = () => page.run(() => getComputedStyle(document.body).backgroundColor);

  async function search(text) {
    await page.click('#search');
    await page.run(() => document.getElementById('search').select());
    await page.press('Backspace', 8);
    await page.type(text);
  }

  /** The page prints, on a few pages: what is for a screen is not on them. */
  async function assertPrints(most) {
    const { data } = await page.send('Page.printToPDF', { printBackground: true, preferCSSPageSize: true });
    const pdf = Buffer.from(data, 'base64').toString('latin1');
    assert.match(pdf, /^%PDF-/);
    const pages = pdf.match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages > 0 && pages <= most, `${pages} pages`);
    await page.send('Emulation.setEmulatedMedia', { media: 'print' });
    assert.deepStrictEqual(await page.run(() => ['.printed', '#search', '#next', '#table', '.verdict'].filter(
      (wanted) => document.querySelector(wanted).checkVisibility())), ['.printed', '#table', '.verdict']);
    assertQuiet();
  }

  it('has the numbers of the CA', async () => {
    const certificates = Object.entries(expected('audited'));
    const revoked = certificates.filter(([, { status }]) => status === 'revoked');
    await open('audited');
    const good = certificates.length - revoked.length;
    assert.deepStrictEqual(await texts('section:first-of-type .key li'), [`good ${good}`, `revoked ${revoked.length}`,
      'unknown 1', 'absent 0', 'conflict 0', 'invalid 1', 'error 0']);
    assert.equal((await texts('.verdict p'))[0], `${revoked.length} of ${certificates.length + 2} rows are revoked.`);
    assert.equal(await range(), `Rows 1 to ${certificates.length + 2} of ${certificates.length + 2}`);
    const rows = await shown();
    for (const [i, [serial, status, at]] of rows.entries()) {
      const certificate = expected('audited')[serial.toLowerCase()];
      assert.equal(status, certificate?.status ?? ['unknown', 'invalid'][i - certificates.length]);
      assert.equal(at, certificate?.at ?? '');
    }
    assert.equal(new Set(rows.map(([serial]) => serial)).size, rows.length);
  });

  it('says what has changed since the audit before', async () => {
    await open('audited');
    const [sentence] = await texts('section:has(table):not(.rows) p');
    assert.match(sentence, /^1 change since run 1 of 20\d\d-/);
    const [, key, ...rest] = await texts('section:has(table):not(.rows) td');
    assert.deepStrictEqual(rest, ['good', 'revoked', '2026-01-02T03:04:05Z']);
    assert.equal(expected('audited')[key].at, '2026-01-02T03:04:05Z');
  });

  it('has pictures that say their numbers', async () => {
    await open('audited');
    const revoked = Object.values(expected('audited')).filter(({ status }) => status === 'revoked');
    const labels = await page.run(() => Array.from(document.querySelectorAll('svg'), (svg) => svg.ariaLabel));
    const sum = (label) => label.split(', ').reduce((total, part) => total + Number(/: (\d+)$/.exec(part)[1]), 0);
    assert.equal(labels.length, 3);
    assert.equal(sum(labels[1]), revoked.length);
    assert.equal(sum(labels[2]), Object.keys(expected('audited')).length - revoked.length);
    assert.match((await texts('.key'))[1], /keyCompromise \d/);
  });

  it('follows the colours of the system, and the button', async () => {
    await open('audited');
    const light = await background();
    await page.click('#theme');
    const dark = await background();
    assert.notEqual(dark, light);
    assert.equal(await page.run(() => document.getElementById('theme').ariaPressed), 'true');
    await page.click('#theme');
    assert.equal(await background(), light);
    await open('audited');
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    await page.until(() => document.getElementById('theme').ariaPressed === 'true');
    assert.equal(await background(), dark);
    await page.click('#theme');
    assert.equal(await background(), light);
    assertQuiet();
  });

  it('filters by status', async () => {
    await open('audited');
    const revoked = Object.values(expected('audited')).filter(({ status }) => status === 'revoked').length;
    for (const status of ['good', 'unknown', 'invalid']) {
      await page.click(`input[value=${status}]`);
    }
    assert.ok((await shown()).every(([, status]) => status === 'revoked'));
    assert.match(await range(), new RegExp(`^Rows 1 to ${revoked} of ${revoked} found among `));
    await page.click('input[value=revoked]');
    assert.match(await range(), /^No row of 0 found among /);
  });

  it('finds a row in any form of its serial number', async () => {
    await open('audited');
    const [serial, { status }] = Object.entries(expected('audited'))[7];
    for (const form of [serial, serial.toUpperCase(), serial.match(/../g).join(':').toUpperCase(), ` ${serial} `]) {
      await search(form);
      const rows = await shown();
      assert.deepStrictEqual(rows.map((row) => row.slice(0, 2)), [[serial.toUpperCase(), status]], form);
    }
    await search('nobody');
    assert.deepStrictEqual(await shown(), []);
    assertQuiet();
  });

  it('takes every name for text', async () => {
    await open('hostile');
    const names = expected('hostile');
    const rows = await shown();
    assert.deepStrictEqual(rows.map(([serial]) => serial), names);
    assert.deepStrictEqual(rows.map(([, , subject]) => subject), names);
    assert.deepStrictEqual(rows.map(([, , , place]) => place), names);
    assert.deepStrictEqual(await page.run(() => [document.scripts.length, document.images.length, document.links.length,
      document.forms.length, document.querySelectorAll('#table td > :not(span.dot)').length]), [2, 0, 0, 0, 0]);
    await search('<img');
    assert.match(await range(), /^Rows 1 to 1 of 1 found/);
    assertQuiet();
  });

  it('prints the summary and the rows that are shown', async () => {
    await open('audited');
    await assertPrints(8);
  });

  it('has names and roles for who does not see it', async () => {
    await open('audited');
    const { nodes } = await page.send('Accessibility.getFullAXTree');
    const named = (role) => nodes.filter((node) => !node.ignored && node.role.value === role)
      .map((node) => node.name?.value ?? '');
    assert.equal(named('checkbox').length, 7);
    assert.deepStrictEqual(named('searchbox'), ['Search serial numbers, subjects, notes']);
    assert.deepStrictEqual(named('button'), ['Dark', 'First', 'Previous', 'Next', 'Last']);
    assert.ok(['checkbox', 'image', 'heading', 'columnheader'].flatMap(named).every((name) => name !== ''));
    assert.equal(named('table').length, 2);
    assert.deepStrictEqual(named('columnheader').slice(-4), ['Expires at', 'Subject', 'Found in', 'Note']);
    assert.deepStrictEqual(named('status').length, 1);
  });

  it('has enough contrast, light and dark (WCAG 2.1, 1.4.3)', async () => {
    await open('audited');
    for (const theme of ['light', 'dark']) {
      assert.deepStrictEqual(await page.run(faint, theme), []);
    }
  });

  describe('with 100,000 rows', () => {
    before(() => open('large'));

    it('shows a hundred at a time', async () => {
      assert.equal(await range(), 'Rows 1 to 100 of 100,000');
      assert.ok(await page.run(() => document.querySelectorAll('*').length < 3000));
      assertQuiet();
    });

    it('can be used with the keyboard alone', async () => {
      const way = [];
      for (let i = 0; i < 11; i++) {
        await page.press('Tab', 9);
        way.push(await page.run(() => document.activeElement.id || document.activeElement.value));
      }
      assert.deepStrictEqual(way.slice(0, 9), ['theme', 'search', 'good', 'revoked', 'unknown', 'absent', 'conflict',
        'invalid', 'error']);
      assert.equal(way[10], 'next'); // behind the table, which scrolls; first and previous have nowhere to go
      await page.press('Enter', 13, '\r');
      assert.equal(await range(), 'Rows 101 to 200 of 100,000');
    });

    it('turns its pages', async () => {
      await page.click('#last');
      assert.equal(await range(), 'Rows 99,901 to 100,000 of 100,000');
      assert.ok(await page.run(() => document.getElementById('next').disabled));
      await page.click('#previous');
      assert.equal(await range(), 'Rows 99,801 to 99,900 of 100,000');
      await page.click('#first');
      assert.equal(await range(), 'Rows 1 to 100 of 100,000');
    });

    it('finds a row and filters', async () => {
      await search('CN=client-77777.example');
      assert.equal(await range(), 'Rows 1 to 1 of 1 found among 100,000');
      await search('');
      await page.click('input[value=good]');
      assert.equal(await range(), 'Rows 1 to 100 of 1,000 found among 100,000');
    });

    it('prints no more than is shown', () => assertPrints(12));
  });

  it('has its numbers without scripts, too', async () => {
    page = await chromium.open(file('audited.html'), { scripts: false });
    const { root } = await page.send('DOM.getDocument', { depth: -1 });
    assert.match(JSON.stringify(root), /rows are revoked\./);
  });
});

/** Texts whose colour is less than 4.5 times as light or dark as what is behind them. Runs in the page. */
function faint(theme) {
  document.documentElement.dataset.theme = theme;
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => parts(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if ((parts(backgroundColor)[3] ?? 1) > 0) {
        return backgroundColor;
      }
    }
    return 'rgb(255, 255, 255)';
  }
  const found = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (own && element.checkVisibility() && !element.disabled) {
      const style = getComputedStyle(element);
      const [a, b] = [luminance(element instanceof SVGElement ? style.fill : style.color), luminance(behind(element))];
      if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) {
        found.add(`${theme}: ${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}`);
      }
    }
  }
  return Array.from(found);
}
