/* The core path in Firefox: upload, every tab's main button, Stop, export. `node core_path.js ADDRESS LONG_CLIP SHORT_CLIP FOLDER`. */

import assert from 'node:assert/strict';
import {readdir} from 'node:fs/promises';

import puppeteer from 'puppeteer-core';

const FIREFOX = '/usr/bin/firefox-esr';
const TIMEOUT_MS = 120_000;
const ZIP_TYPES = 'application/zip,application/json,image/png,text/plain,application/x-subrip';

const [address, longClip, shortClip, folder] = process.argv.slice(2);

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: FIREFOX,
  extraPrefsFirefox: {
    'browser.download.folderList': 2,
    'browser.download.dir': folder,
    'browser.helperApps.neverAsk.saveToDisk': ZIP_TYPES,
  },
});
const complaints = [];
const page = await browser.newPage();
page.setDefaultTimeout(TIMEOUT_MS);
page.on('pageerror', error => complaints.push(String(error)));

const see = selector => page.locator(selector).wait();
const press = selector => page.locator(selector).click();
const openTab = name => press(`::-p-xpath(//button[@role="tab" and not(ancestor::*[@aria-hidden="true"])][normalize-space()="${name}"])`);
const waitForText = (selector, text) =>
  page.waitForFunction((where, what) => document.querySelector(where)?.textContent.includes(what), {}, selector, text);

async function uploadClip(path) {
  const input = await page.waitForSelector('.clip-file');
  await input.uploadFile(path);
  await waitForText('.as-name', path.split('/').at(-1));
}

async function transcribe() {
  await uploadClip(longClip);
  await press('#transcribe:enabled');
  await see('#transcript li');
  await press('#stop-transcribing:enabled');
  await see('#transcript-summary [data-state="stopped"]');
  await uploadClip(shortClip);
  await press('#transcribe:enabled');
  await see('#transcript-summary [data-state="done"]');
  await waitForText('#transcript', 'Mr. John Dashwood had then leisure');
}

async function useOtherTabs() {
  await openTab('Music & sound');
  await press('#describe:enabled');
  await see('#description-json:enabled');
  await openTab('Sound to image');
  await press('#draw:enabled');
  await see('#picture-summary [data-state="done"]');
  await openTab('Embeddings');
  await press('#show-embedding:enabled');
  await see('#embedding-summary [data-state="done"]');
  await openTab('Models');
  await waitForText('#model-status', 'Whisper base');
}

async function exportTimeline() {
  await press('::-p-xpath(//button[normalize-space()="Export"])');
  await press('::-p-xpath(//*[contains(@class, "clip-export")]//button[contains(normalize-space(), "JAMS")])');
  for (const start = Date.now(); Date.now() - start < TIMEOUT_MS; ) {
    if ((await readdir(folder)).some(name => name.endsWith('.jams'))) return;
    await see('body');
  }
  assert.fail('no JAMS file was written');
}

try {
  await page.setViewport({width: 1180, height: 800});
  await page.goto(address);
  await transcribe();
  await useOtherTabs();
  await exportTimeline();
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}
