import type { FromEngine } from '../src/protocol';
import { APP, World } from './world';

/** Recorded data of the make-believe swarm, rounded to what the panel can show. */
export function recorded(): FromEngine[] {
  const world = World.running(1800);
  // Rights of every kind: as the manifest says, decided for a run and for always, and one that waits for the restart.
  world.answer({ what: 'permit', guest: 'palette', right: 'emit', object: 'stats', decision: 'allow', scope: 'run' });
  const messages: FromEngine[] = [
    { type: 'hello', version: 1, engine: 'wasm-engine 0.1.0', app: APP, may: { ask: false } },
    { type: 'snapshot', state: world.state },
  ];
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);
  return JSON.parse(JSON.stringify(messages, rounded)) as FromEngine[];
}

/** The same, from an engine that may be asked. */
export function asking(): FromEngine[] {
  return recorded().map((message) => (message.type === 'hello' ? { ...message, may: { ask: true } } : message));
}
