/** A browser for all tests of a file, and for each one a server and a page of its own. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launch, open, type Watched } from './browser';
import { type Options, TestServer } from './server';

let browser: Browser;
let watched: Watched;

export let server: TestServer;
export let page: Page;

/** Takes both down after each test, which fails when its page did what no page may. */
export function scene(): void {
  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  afterEach(async () => {
    await page.context().close();
    await server.stop();
    expect(watched.faults).toEqual([]);
  });
}

/** Starts a server, and a page that shows it, or what `url` says. */
export async function begin(served: Options, context: BrowserContextOptions, url = () => server.url()): Promise<void> {
  server = await TestServer.start(served);
  watched = await open(browser, url(), context);
  page = watched.page;
}

export const titled = (name: string) => page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
