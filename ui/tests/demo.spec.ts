/** The panel as a page of the documentation: files in a folder, from any server, under any path. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { launch, open, violations } from './browser';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
/** What a real run has said. */
const RECORDED = fileURLToPath(new URL('../demo/recorded.json', import.meta.url));
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

it('shows recorded data without an engine', async () => {
  const served: string[] = [];
  const folder = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = pathname.replace(/^\/docs\/panel\//, '') || 'index.html';
    served.push(pathname);
    const file = readFile(name === 'recorded.json' ? RECORDED : join(DIST, name));
    file.then(
      (body) => response.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => folder.listen(0, '127.0.0.1', resolve));
  const browser = await launch();
  const { page, faults } = await open(browser, `http://127.0.0.1:${(folder.address() as AddressInfo).port}/docs/panel/`);
  await page.getByRole('heading', { name: 'Swarm' }).waitFor();
  expect(await page.locator('.chip').innerText()).toBe('Recorded');
  const policy = page.getByRole('table', { name: 'Effective policy of each guest' });
  for (const text of ['the manifest grants it', 'this run', 'always']) {
    expect(await policy.getByText(text).count(), text).toBeGreaterThan(0);
  }
  const guests = page.getByRole('table', { name: 'Guests' }).getByRole('row');
  expect((await guests.allInnerTexts()).slice(1).map((row) => row.split(/\s+/)[0])).toEqual(['grid', 'flock']);
  await page.getByText('Last 300 frames').waitFor();
  expect(await page.getByRole('button', { name: /^grid, read boids/ }).count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  expect(faults).toEqual([]);
  expect(served.every((path) => path.startsWith('/docs/panel/')), served.join(' ')).toBe(true);
  await browser.close();
  folder.closeAllConnections();
  await new Promise((resolve) => folder.close(resolve));
});
