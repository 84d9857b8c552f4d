import { describe, expect, it } from 'vitest';
import { count, ms } from '../src/format/format';
import { VERSION } from '../src/protocol';
import { summarize } from '../src/state/frames';
import { violations } from './browser';
import { begin, page, scene, server, titled } from './scene';
import type { Options } from './server';
import { APP, nothing } from './world';

scene();

async function start(options: Options = {}, width = 1440): Promise<void> {
  await begin(options, { viewport: { width, height: 900 } });
  await titled('Swarm');
}

/** Waits for the panel to have drawn what it was sent. */
async function drawn(): Promise<void> {
  await page.waitForTimeout(60);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

async function rows(table: string): Promise<string[][]> {
  const found = page.getByRole('table', { name: table }).getByRole('row');
  return found.evaluateAll((all) =>
    all.slice(1).map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.replace(/\s+/g, ' ').trim())),
  );
}

const asked = async (expected: unknown[]) => {
  await expect.poll(() => server.asks).toEqual(expected);
};

describe('what it shows is what was sent', () => {
  it('run, guests, exchange, permissions, parameters and counters, at once and after changes', async () => {
    await start();
    for (let round = 0; round < 3; round += 1) {
      const { run, guests, buffers, lanes, permissions, counters, frames } = server.world.state;
      await drawn();
      const figures = await page.locator('.figures dd').allInnerTexts();
      expect(figures[0]).toBe(count(run.tick));
      expect(figures[4]).toBe(count(run.late_frames));
      const shownGuests = await rows('Guests');
      expect(shownGuests.map((row) => [row[1], row[2], row[3]])).toEqual(guests.map((g) => [g.state, count(g.ticks), ms(g.tick_ms_p50)]));
      expect((await rows('Buffers')).map((row) => [row[0], row[2]])).toEqual(buffers.map((b) => [b.name, count(b.generation)]));
      expect((await rows('Lanes')).map((row) => [row[0], row[2], row[3]])).toEqual(lanes.map((l) => [l.name, count(l.highest), count(l.rejects)]));
      expect((await rows('Effective policy of each guest')).map((row) => row.slice(0, 4))).toEqual(
        permissions.map((p) => [p.guest, `${p.right} ${p.object}`, p.why, `${p.decision === 'allow' ? 'Allowed' : 'Denied'}${p.scope ? ` ${p.scope === 'run' ? 'this run' : p.scope}` : ''}`]),
      );
      expect(await rows('Counters of the run')).toHaveLength(counters.length);
      const summary = summarize(frames);
      const text = await page.locator('section', { has: page.locator('#card-frames') }).locator('.summary').innerText();
      expect(text.replace(/\s+/g, ' ')).toContain(`p50 ${ms(summary.p50)}`);
      expect(text.replace(/\s+/g, ' ')).toContain(`p99 ${ms(summary.p99)}`);
      server.change({ ...server.world.advance(37), frames_missed: 4 });
    }
    await page.getByText('12 not sent').waitFor();
  });

  it("a guest's fault, with its code and what to do, and says it to those who hear", async () => {
    await start();
    server.change(server.world.fault('flock'));
    await drawn();
    const flock = (await rows('Guests'))[1] ?? [];
    expect(flock[1]).toBe('DEADLINE');
    expect(flock[7]).toContain('the call took longer than 500ms');
    expect(flock[7]).toContain('do less per tick');
    expect(await page.getByRole('log', { name: 'Errors' }).innerText()).toContain('the call took longer than 500ms');
    await page.getByRole('log', { name: 'Errors' }).evaluate((log) => {
      Object.assign(window, { said: [] });
      new MutationObserver(() => (window as unknown as { said: string[] }).said.push(log.textContent ?? '')).observe(log, { childList: true, subtree: true, characterData: true });
    });
    server.change(server.world.fault('flock'));
    await expect.poll(() => page.evaluate(() => (window as unknown as { said: string[] }).said.length), { message: 'the same again' }).toBe(1);
  });

  it("one frame's numbers under the pointer and by keys, and stands still meanwhile", async () => {
    await start();
    const { frames } = server.world.state;
    const chart = page.getByRole('slider', { name: 'Frame to look at' });
    const over = page.locator('.u-over');
    const box = await over.boundingBox();
    if (!box) throw new Error('no chart');
    await page.mouse.move(box.x + ((100 + 0.5) / 300) * box.width, box.y + 40);
    await drawn();
    const expected = frames[100];
    expect(await chart.getAttribute('aria-valuetext')).toContain(`frame ${expected?.token}: total ${ms(expected?.total ?? null)}`);
    expect(await page.locator('.legend').innerText()).toContain(ms(expected?.compute ?? null));
    server.change(server.world.advance(6));
    await drawn();
    expect(await chart.getAttribute('aria-valuetext')).toContain(`frame ${expected?.token}:`);
    await page.mouse.move(0, 0);
    await chart.focus();
    await page.keyboard.press('Home');
    await drawn();
    expect(await chart.getAttribute('aria-valuetext')).toContain(`frame ${server.world.state.frames[0]?.token}:`);
    await page.keyboard.press('Escape');
    await drawn();
    expect(await chart.getAttribute('aria-valuetext')).toBe('newest frame');
  });

  it('the log, by level and by text, and stays where somebody reads', async () => {
    await start();
    const { log } = server.world.state;
    await page.getByLabel('Least grave level').selectOption('warn');
    await drawn();
    const warnings = log.filter((entry) => entry.level === 'warn');
    expect(await page.locator('.found').innerText()).toBe(`${warnings.length} of ${log.length}`);
    expect((await rows('Log')).map((row) => row[4])).toEqual(warnings.map((entry) => entry.text));
    await page.getByLabel('Least grave level').selectOption('debug');
    await page.getByLabel('Search the log').fill('pointer boids');
    await drawn();
    const pointed = log.filter((entry) => entry.text.includes('pointer') && entry.text.includes('boids'));
    expect(await rows('Log')).toHaveLength(pointed.length);
    await page.getByLabel('Search the log').fill('');
    for (let at = 0; at < 60; at += 1) server.change({ ...nothing(), log: [server.world.log('info', 'engine', null, `entry ${at}`)] });
    await drawn();
    expect((await rows('Log')).at(-1)?.[4]).toBe('entry 59');
    await page.locator('.box').evaluate((box) => (box.scrollTop = 220));
    await drawn();
    const top = (await rows('Log'))[0];
    server.change({ ...nothing(), log: [server.world.log('info', 'engine', null, 'one more')] });
    await drawn();
    expect((await rows('Log'))[0]).toEqual(top);
    await page.getByRole('button', { name: 'Follow' }).click();
    await drawn();
    expect((await rows('Log')).at(-1)?.[4]).toBe('one more');
    const place = () => page.locator('.box').evaluate((box) => box.scrollTop);
    const before = await place();
    await page.getByRole('button', { name: 'Follow' }).click();
    server.change({ ...nothing(), log: [server.world.log('info', 'engine', null, 'and another')] });
    await drawn();
    expect(await place()).toBe(before);
    expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('false');
  });

  it('a chosen entry of the log, also after it has left the list', async () => {
    await start();
    const entry = server.world.log('info', 'engine', null, 'to be read in peace');
    server.change({ ...nothing(), log: [entry] });
    await page.getByRole('table', { name: 'Log' }).getByText(entry.text).click();
    const detail = page.getByRole('region', { name: 'Chosen entry' });
    await detail.getByText(entry.text).waitFor();
    await page.getByLabel('Search the log').fill('matches nothing');
    await page.getByText('Nothing matches.').waitFor();
    expect(await detail.innerText()).toContain(entry.text);
    await page.getByLabel('Search the log').fill('');
    server.change({ ...nothing(), log: Array.from({ length: 1000 }, (_, at) => server.world.log('info', 'engine', null, `entry ${at}`)) });
    await drawn();
    expect(await detail.innerText()).toContain(entry.text);
    await page.locator('.box').focus();
    await page.keyboard.press('ArrowDown');
    await detail.getByText('entry 0').waitFor();
  });

  it("the newest frames' five numbers beside the title, or below it where that has no room; none where nothing was measured", async () => {
    for (const width of [1440, 400]) {
      await start({}, width);
      const { state } = server.world;
      server.change({ ...nothing(), stages: state.stages.map((stage) => (stage.name === 'page' ? { ...stage, count: 0, p50: 0 } : stage)) });
      const { p50, p95, p99, jitter, late } = summarize(state.frames);
      const card = page.getByRole('region', { name: 'Frames' });
      const seen = await card.locator('.pair, .numbers > div').evaluateAll((all) => {
        const inside = (element: Element) => {
          const { width, right } = element.getBoundingClientRect();
          return width > 0 && right <= window.innerWidth && element.scrollWidth <= element.clientWidth + 1;
        };
        return all.filter(inside).map((element) => element.textContent?.replace(/\s+/g, ' ').trim().replace(/(?<=[a-z]|p\d\d)(?=[\d–])/, ' '));
      });
      const expected = { p50: ms(p50), p95: ms(p95), p99: ms(p99), jitter: ms(jitter), late: count(late) };
      expect(seen.map((text) => text?.replace(/\s/g, '')), `${width} px`).toEqual(Object.entries(expected).map(([name, value]) => `${name}${value}`));
      await expect.poll(() => card.getByRole('row', { name: /^page/ }).locator('td').first().innerText()).toBe('–');
      if (width === 1440) {
        await page.context().close();
        await server.stop();
      }
    }
  });
});

describe('asking', () => {
  it('by clicks', async () => {
    await start();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('button', { name: 'Step one tick' }).click();
    await page.getByRole('button', { name: 'HUD' }).click();
    await asked([{ what: 'pause' }, { what: 'resume' }, { what: 'step' }, { what: 'hud', shown: true }]);
    await expect.poll(() => page.getByRole('button', { name: 'HUD' }).getAttribute('aria-pressed')).toBe('true');
    server.asks.length = 0;
    await page.getByLabel('Seed', { exact: true }).fill('42');
    await page.getByRole('button', { name: 'Restart from tick 0 with this seed' }).click();
    await asked([{ what: 'restart', seed: '42' }]);
    await expect.poll(() => page.locator('.figures dd').first().innerText()).toBe('0');
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe('42');
    server.asks.length = 0;
    await page.getByRole('button', { name: 'End the run' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the run' }).click();
    await asked([{ what: 'stop' }]);
    await expect.poll(() => page.locator('.phase').innerText()).toBe('ended');
    expect(await page.getByRole('button', { name: 'Run', exact: true }).getAttribute('aria-disabled')).toBe('true');
  });

  it('for one guest that has ended, which begins anew while the others go on', async () => {
    await start();
    server.change(server.world.fault('flock'));
    await expect.poll(async () => (await rows('Guests')).map((row) => row[1])).toEqual(['running', 'DEADLINE', 'running']);
    const others = server.world.state.guests[0]?.ticks;
    await page.getByRole('button', { name: 'Restart flock', exact: true }).click();
    await asked([{ what: 'restart_guest', guest: 'flock' }]);
    await expect.poll(async () => (await rows('Guests')).map((row) => row[1])).toEqual(['running', 'running', 'running']);
    expect((await rows('Guests')).map((row) => row[2])).toEqual([count(others ?? null), '0', count(others ?? null)]);
    expect((await rows('Guests'))[1]?.[7]).toBe('no error');
  });

  it('for one guest once until the engine has answered, and shows why it did not', async () => {
    await start();
    const answer = server.world.answer.bind(server.world);
    server.world.answer = () => {
      server.world.answer = answer;
      return { problem: { code: 'UNKNOWN_GUEST', message: 'the app has no guest `flock`', hint: null }, change: null };
    };
    const restart = page.getByRole('button', { name: 'Restart flock', exact: true });
    await restart.evaluate((button: HTMLElement) => (button.click(), button.click()));
    await page.locator('.toast').getByText('the app has no guest `flock`').waitFor();
    await expect.poll(() => restart.getAttribute('aria-disabled')).toBe('false');
    expect(server.asks).toEqual([{ what: 'restart_guest', guest: 'flock' }]);
  });

  it('not with a seed that is none, and what is wrong with it is said until something else is asked for', async () => {
    await start();
    const seed = page.getByLabel('Seed', { exact: true });
    const said = page.getByText('A seed is a whole number');
    for (const none of ['seven', '-1', '1.5', '18446744073709551616']) {
      await seed.fill(none);
      await seed.press('Enter');
      await said.waitFor();
      await page.getByText('SEED_INVALID').waitFor();
      await page.keyboard.press('Escape');
      expect(await said.count()).toBe(0);
    }
    expect(server.asks).toEqual([]);
    await seed.press('Enter');
    await said.waitFor();
    server.world.answer = () => ({ problem: { code: 'ASKS_FULL', message: '64 asks are waiting for the engine', hint: 'ask again' }, change: null });
    await seed.fill('7');
    await seed.press('Enter');
    await page.getByText('64 asks are waiting for the engine').waitFor();
    expect(await said.count()).toBe(0);
  });

  it('with every seed that a run can have', async () => {
    await start();
    const seed = page.getByLabel('Seed', { exact: true });
    await seed.fill('18446744073709551615');
    await seed.press('Enter');
    await asked([{ what: 'restart', seed: '18446744073709551615' }]);
    // By key too.
    server.asks.length = 0;
    await seed.fill('7');
    await seed.blur();
    await page.keyboard.press('Shift+R');
    await asked([{ what: 'restart', seed: '7' }]);
    server.world.state.run = { ...server.world.state.run, seed: '9007199254740993' };
    server.change({ ...nothing(), run: server.world.state.run });
    await expect.poll(() => seed.inputValue()).toBe('9007199254740993');
  });

  it('for parameters, by slider and by reset, and shows what the engine made of it', async () => {
    await start();
    const speed = page.getByRole('slider', { name: 'speed' });
    await speed.fill('250');
    await asked([{ what: 'param', name: 'speed', value: 250 }]);
    await expect.poll(() => page.locator('output').last().innerText()).toBe('250 px/s');
    await page.getByRole('button', { name: 'Reset Speed to 120 px/s' }).press('Enter');
    await expect.poll(() => server.world.state.params.at(-1)?.value).toBe(120);
    // The button has gone, and did not take the focus with it.
    expect(await speed.evaluate((slider) => slider === document.activeElement)).toBe(true);
    // What has no step can be anything, its bounds among it.
    expect(await page.getByRole('slider', { name: 'wander' }).getAttribute('step')).toBe('any');
    server.world.state.params = APP.params.map(({ name, max }) => ({ name, value: max }));
    server.change({ ...nothing(), params: server.world.state.params });
    await expect.poll(() => speed.inputValue()).toBe('300');
  });

  it('for a parameter, and its slider stays where it was put until the engine has followed, or has said no', async () => {
    await start();
    const speed = page.getByRole('slider', { name: 'speed' });
    await speed.evaluate((slider: HTMLInputElement) => {
      const values: string[] = [];
      Object.assign(window, { values });
      const look = () => {
        if (values.at(-1) !== slider.value) values.push(slider.value);
        requestAnimationFrame(look);
      };
      look();
    });
    await speed.fill('250');
    await expect.poll(() => server.world.state.params.at(-1)?.value).toBe(250);
    // Until the engine's own value is shown again.
    server.change({ ...nothing(), params: APP.params.map(({ name, min }) => ({ name, value: min })) });
    server.change({ ...nothing(), params: server.world.state.params });
    await page.waitForTimeout(700);
    expect(await page.evaluate(() => (window as unknown as { values: string[] }).values)).toEqual(['120', '250']);
    server.world.answer = () => ({ problem: { code: 'ASKS_FULL', message: '64 asks are waiting for the engine', hint: null }, change: null });
    await speed.fill('20');
    await expect.poll(() => speed.inputValue()).toBe('250');
  });

  it('for a parameter no more while the engine has not answered, and then for what it was moved to last', async () => {
    await start();
    server.late = 700;
    const speed = page.getByRole('slider', { name: 'speed' });
    await speed.fill('100');
    await asked([{ what: 'param', name: 'speed', value: 100 }]);
    for (const value of ['200', '210', '220']) await speed.fill(value);
    await asked([100, 220].map((value) => ({ what: 'param', name: 'speed', value })));
  });

  it('shows why something was refused', async () => {
    await start();
    server.say({ type: 'answer', id: 99, problem: { code: 'X', message: 'nobody asked', hint: null } });
    server.world.answer = () => ({ problem: { code: 'ASKS_FULL', message: '64 asks are waiting for the engine', hint: 'ask again' }, change: null });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('64 asks are waiting for the engine').waitFor();
    expect(await page.getByText('nobody asked').count()).toBe(0);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.getByText('64 asks are waiting for the engine').count()).toBe(0);
  });

  it('is impossible without the right, and says so', async () => {
    await start({ mayAsk: false });
    const pause = page.getByRole('button', { name: 'Pause' });
    expect(await pause.getAttribute('aria-disabled')).toBe('true');
    await pause.click({ force: true });
    await page.keyboard.press('.');
    expect(await page.locator('.chip').innerText()).toBe('Read only');
    expect(await page.locator('.toasts').innerText()).toContain('may watch the run but not change it');
    expect(await page.locator('.toasts').innerText()).toContain('start `wasm-engine serve` with `--allow-control`');
    expect(await page.locator('#refusal').innerText()).toContain('may watch the run but not change it');
    expect(await pause.getAttribute('title')).toContain('--allow-control');
    expect(await page.getByRole('slider', { name: 'speed' }).isDisabled()).toBe(true);
    const restart = page.getByRole('button', { name: 'Restart flock', exact: true });
    expect(await restart.getAttribute('aria-disabled')).toBe('true');
    await restart.click({ force: true });
    await drawn();
    expect(server.asks).toEqual([]);
  });
});

describe('trouble with the connection', () => {
  it('a wrong token', async () => {
    await begin({}, {}, () => server.url('wrong'));
    await page.getByRole('alert').getByText('does not accept the token').waitFor();
    await page.getByText('TOKEN_REFUSED').waitFor();
  });

  for (const before of ['wrong', null]) {
    it(`mended by the right address, opened over one with ${before ? 'a wrong token' : 'no token'}`, async () => {
      await begin({}, {}, () => server.url(before));
      await page.getByText(before ? 'TOKEN_REFUSED' : 'TOKEN_MISSING').waitFor();
      // Only the fragment is another one.
      await page.goto(server.url());
      await titled('Swarm');
      expect(await page.locator('.chip').count()).toBe(0);
    });
  }

  it('an engine that says nothing any more, until it does again', async () => {
    await start();
    server.mute = true;
    await page.getByRole('alert').getByText('No news from the engine').waitFor();
    expect(await page.locator('.chip').innerText()).toBe('No news');
    expect(await page.locator('main.stale').count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    server.say({ type: 'alive' });
    await expect.poll(() => page.locator('.below [role=alert]').innerText()).toBe('');
    expect(await page.locator('.chip, main.stale').count()).toBe(0);
  });

  it('another version', async () => {
    await begin({ version: VERSION + 1 }, {});
    await page.getByRole('alert').getByText(`version ${VERSION + 1}`).waitFor();
  });

  it('no token and no recorded data', async () => {
    await begin({}, {}, () => server.url(null));
    await page.getByRole('alert').getByText('This address has no token').waitFor();
    expect(await page.getByRole('button', { name: 'Step one tick' }).getAttribute('title')).toContain('no connection');
  });

  it('an interruption: keeps what it has, blocks asking, and comes back by itself', async () => {
    await start();
    server.interrupt();
    await page.getByRole('alert').getByText('was interrupted').waitFor();
    expect((await rows('Guests')).length).toBe(3);
    expect(await page.locator('.chip').innerText()).toBe('Not connected');
    await expect.poll(() => page.locator('.below [role=alert]').innerText(), { timeout: 5000 }).toBe('');
    expect(await page.locator('.chip').count()).toBe(0);
  });

  it("the engine's good-bye", async () => {
    await start();
    server.say({ type: 'bye', problem: { code: 'ENGINE_ENDED', message: 'the engine ends', hint: null } });
    await page.getByRole('alert').getByText('the engine ends').waitFor();
  });
});
