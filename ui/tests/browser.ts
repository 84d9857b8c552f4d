/** Chromium as the tests use it. */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { FromEngine } from '../src/protocol';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launch(): Promise<Browser> {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  if (!executablePath) throw new Error('no Chromium: install it, or name it in CHROMIUM');
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--force-color-profile=srgb'] });
}

/** Puts a make-believe of Tauri into a page, which says `messages` when it is greeted and keeps what it is called with in `calls`. */
export async function shell(page: Page, messages: FromEngine[]): Promise<void> {
  await page.addInitScript((said) => {
    const callbacks: ((payload: unknown) => void)[] = [];
    const calls: unknown[] = [];
    const invoke = (command: string, args: unknown) => {
      calls.push([command, args]);
      if (command === 'panel_hello') said.forEach((message, index) => callbacks[0]?.({ index, message }));
      return Promise.resolve();
    };
    const transformCallback = (callback: (payload: unknown) => void) => callbacks.push(callback) - 1;
    Object.assign(window, { calls, __TAURI_INTERNALS__: { invoke, transformCallback } });
  }, messages);
}

/** What a page did that nothing in it may: errors, violations of the policy, requests elsewhere. */
export interface Watched {
  page: Page;
  faults: string[];
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const expected = /Failed to load resource|WebSocket connection to/;
  page.on('console', (message) => message.type() === 'error' && !expected.test(message.text()) && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!/^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url())) faults.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}
