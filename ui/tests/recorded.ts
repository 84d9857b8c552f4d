import type { FromEngine } from '../src/protocol';
import { hello, World } from './world';

/** What the make-believe swarm says of itself after a while, rounded to what the panel can show. */
export function recorded(): FromEngine[] {
  const world = World.running(1800);
  // Rights of every kind: as the manifest says, decided for a run and for always, and one that waits for the restart.
  const right = { guest: 'palette', right: 'read', object: 'boids', scope: 'run' } as const;
  world.answer({ what: 'permit', ...right, decision: 'deny' });
  world.answer({ what: 'permit', ...right, decision: 'allow' });
  const messages: FromEngine[] = [hello(false), { type: 'snapshot', state: world.state }];
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);
  return JSON.parse(JSON.stringify(messages, rounded)) as FromEngine[];
}

/** The same, from an engine that may be asked. */
export function asking(): FromEngine[] {
  return recorded().map((message) => (message.type === 'hello' ? { ...message, may: { ask: true } } : message));
}
