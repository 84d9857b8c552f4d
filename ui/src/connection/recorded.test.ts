import { expect, it } from 'vitest';
import { type FromEngine, VERSION } from '../protocol';
import type { Status } from './connection';
import { type Recorded, RecordedConnection } from './recorded';

const HELLO: FromEngine = {
  type: 'hello',
  version: VERSION,
  engine: 'wasm-engine 0.1.0',
  app: { name: 'a', title: 'A', version: '1', params: [] },
  may: { ask: true },
};

async function open(recorded: Recorded | null) {
  const said: FromEngine[] = [];
  const statuses: Status[] = [];
  new RecordedConnection(() => Promise.resolve(recorded)).open({
    message: (message) => said.push(message),
    status: (status) => statuses.push(status),
  });
  await Promise.resolve();
  await Promise.resolve();
  return { said, last: statuses.at(-1) };
}

it('says what was recorded, and may ask nothing', async () => {
  const { said, last } = await open([HELLO]);
  expect(last).toEqual({ phase: 'open' });
  expect(said).toEqual([{ ...HELLO, may: { ask: false } }]);
});

it('says what to do when there are no data or data of another version', async () => {
  expect((await open(null)).last).toMatchObject({ phase: 'lost', problem: { code: 'TOKEN_MISSING' } });
  expect((await open([])).last).toMatchObject({ phase: 'lost', problem: { code: 'TOKEN_MISSING' } });
  expect((await open([{ ...HELLO, version: 3 }])).last).toMatchObject({ phase: 'lost', problem: { code: 'PROTOCOL_VERSION' } });
});
