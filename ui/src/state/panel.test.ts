import { expect, it } from 'vitest';
import type { Connection, Listener } from '../connection/connection';
import { type Problem, VERSION } from '../protocol';
import { EMPTY } from './apply';
import { Panel } from './panel.svelte';

it('waits for no answer of a connection that was begun anew', () => {
  let listener: Listener | undefined;
  const begin = () => {
    listener?.status({ phase: 'connecting' });
    listener?.message({ type: 'hello', version: VERSION, engine: '0.1.0', app: { name: 'swarm', title: 'Swarm', version: '1', params: [] }, may: { ask: true } });
    listener?.message({ type: 'snapshot', state: EMPTY });
    listener?.status({ phase: 'open' });
  };
  const connection: Connection = {
    home: 'browser',
    open(heard) {
      listener = heard;
      begin();
    },
    ask: () => {},
    retry: begin,
    close: () => {},
  };
  const panel = new Panel(connection);
  panel.open();
  const answers: (Problem | null)[] = [];
  panel.ask({ what: 'restart_page' }, (problem) => answers.push(problem));
  listener?.status({ phase: 'silent', problem: { code: 'ENGINE_SILENT', message: 'no word', hint: null } });
  expect(answers).toEqual([]);
  panel.retry();
  expect(answers.map((problem) => problem?.code)).toEqual(['ASK_INTERRUPTED']);
  expect(panel.refusal).toBeNull();
});
