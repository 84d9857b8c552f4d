/** `npm run record`: what a real run of the swarm says of itself after a while, for the panel as a page of the documentation. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromEngine } from '../src/protocol';
import { APP, PROGRAM, serve, Witness } from './real';

const FILE = fileURLToPath(new URL('../demo/recorded.json', import.meta.url));
/** The panel's chart is full then. */
const FRAMES = 300;

if (!PROGRAM || !APP) throw new Error('name the built program in WASM_ENGINE_PROGRAM, and the folder of the built swarm in WASM_ENGINE_APP');

// What is decided for every run is kept, and not to be a person's own.
process.env.WASM_ENGINE_CONFIG = await mkdtemp(join(tmpdir(), 'record-'));
const { engine, ended, socket } = await serve();
const witness = await Witness.connect(socket);
for (const ask of [
  // So many as a machine without a GPU draws.
  { what: 'param', name: 'boids', value: 20_000 },
  { what: 'permit', guest: 'grid', right: 'read', object: 'boids', decision: 'allow', scope: 'run' },
  { what: 'permit', guest: 'flock', right: 'read', object: 'cells', decision: 'allow', scope: 'always' },
] as const) {
  const problem = await witness.ask(ask);
  if (problem) throw new Error(problem.message);
}
// None that was measured with more of them.
const first = witness.now.frames.at(-1)?.token ?? 0;
while ((witness.now.frames[0]?.token ?? 0) <= first || witness.now.frames.length < FRAMES) await new Promise((resolve) => setTimeout(resolve, 500));
// One that comes now is told everything at once.
const late = await Witness.connect(socket);
const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);
const messages = late.greeting.map((message): FromEngine => (message.type === 'hello' ? { ...message, may: { ask: false } } : message));
await writeFile(FILE, `[\n${messages.map((message) => JSON.stringify(message, rounded)).join(',\n')}\n]\n`);
for (const client of [witness, late]) client.close();
engine.kill('SIGINT');
await ended;
await rm(process.env.WASM_ENGINE_CONFIG, { recursive: true });
