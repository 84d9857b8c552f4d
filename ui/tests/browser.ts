/** Chromium as the tests use it. */

import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { FromEngine, Problem, RecentApp, ShellAsk, ShellState } from '../src/protocol';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launch(): Promise<Browser> {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  if (!executablePath) throw new Error('no Chromium: install it, or name it in CHROMIUM');
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--force-color-profile=srgb'] });
}

export const RECENT: RecentApp[] = [
  { path: '/data/ada/projects/apps/swarm', title: 'Swarm' },
  { path: '/data/ada/projects/observatory/night-sky/releases/2026-11/night-sky-1.4.0.weapp', title: 'Night sky' },
  { path: '/srv/apps/orders', title: 'Orders' },
];

export const NO_APP: ShellState = { app: null, recent: RECENT, autostart: false, dropping: false, problem: null };
export const OPEN: ShellState = { ...NO_APP, app: RECENT[0] ?? null };

/** What a test's page can reach of the make-believe. */
interface Fake {
  calls: [string, Record<string, unknown>][];
  /** Says that the shell's state is another one. */
  tell(state: ShellState): void;
  /** Commands that are refused and asks of the shell, and why. */
  refuse: Record<string, Problem>;
}

/**
 * Puts a make-believe of Tauri into a page: it says `state` and, when an app is open, `messages`, each when it is greeted, and keeps what it is
 * called with. Opening something opens it.
 */
export async function shell(page: Page, messages: FromEngine[], state: ShellState = OPEN): Promise<void> {
  await page.addInitScript(
    ([said, first]) => {
      const callbacks: ((payload: unknown) => void)[] = [];
      const channelOf = (args: Record<string, unknown>) => callbacks[Number(String(args.channel).split(':')[1])];
      let state = first;
      let channel: (payload: unknown) => void = () => {};
      let told = 0;
      const fake: Fake = {
        calls: [],
        refuse: {},
        tell(next) {
          state = next;
          channel({ index: told++, message: state });
        },
      };
      const invoke = async (command: string, args: Record<string, unknown>) => {
        // That a message has been taken is said after each: no test asks for it here.
        if (command !== 'panel_took') fake.calls.push([command, args]);
        const ask = command === 'shell_ask' ? (args.ask as ShellAsk) : null;
        const refused = fake.refuse[ask?.what ?? command];
        if (refused) throw refused;
        if (command === 'panel_hello') {
          if (!state.app) throw { code: 'NOT_YET', message: 'the run has not begun', hint: null };
          said.forEach((message, index) => channelOf(args)?.({ index, message }));
        }
        if (command === 'shell_hello') {
          channel = channelOf(args) ?? channel;
          fake.tell(state);
        }
        // A shell that has an app opens another one in a window of its own.
        if (ask?.what === 'open' && !state.app) fake.tell({ ...state, app: state.recent.find(({ path }) => path === ask.path) ?? null });
        if (ask?.what === 'forget') fake.tell({ ...state, recent: state.recent.filter(({ path }) => path !== ask.path) });
        if (ask?.what === 'autostart') fake.tell({ ...state, autostart: ask.on });
        return null;
      };
      const transformCallback = (callback: (payload: unknown) => void) => callbacks.push(callback) - 1;
      Object.assign(window, { fake, __TAURI_INTERNALS__: { invoke, transformCallback } });
    },
    [messages, state] as const,
  );
}

type Faked = Window & { fake: Fake };

/** What the shell was called with, without its channels. */
export const calls = (page: Page) =>
  page.evaluate(() => (window as unknown as Faked).fake.calls.map(([command, { channel: _, ...args }]) => [command, args] as const));

export const tell = (page: Page, state: ShellState) => page.evaluate((state) => (window as unknown as Faked).fake.tell(state), state);

export const refuse = (page: Page, command: string, problem: Problem) =>
  page.evaluate(([command, problem]) => void ((window as unknown as Faked).fake.refuse[command] = problem), [command, problem] as const);

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

/** What axe finds on a page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
  });
}

/** From now on, keeps what moves on a page. */
export async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: string[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; sources: { node: Element | null }[] })[]) {
        shifts.push(`${entry.value} ${entry.sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 120)).join(' ')}`);
      }
    }).observe({ type: 'layout-shift' });
  });
}

export const shifts = (page: Page) => page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
