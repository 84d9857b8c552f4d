import { describe, expect, it } from 'vitest';
import type { Permission } from '../protocol';
import { byGuest, type Choice, CHOICES, choiceLabel, chosen, consequence, inWords, permit, sameChoice, shortly } from './permissions';

const right = (change: Partial<Permission> = {}): Permission => ({
  guest: 'flock',
  right: 'write',
  object: 'boids',
  decision: 'allow',
  scope: null,
  next: null,
  why: '',
  ...change,
});

describe('what was decided', () => {
  it("is the manifest's until a person decides", () => {
    expect(chosen(right())).toBe(null);
    expect(chosen(right({ decision: 'deny' }))).toBe(null);
  });

  it('is what holds, or what waits for the restart', () => {
    expect(chosen(right({ decision: 'deny', scope: 'always' }))).toEqual({ decision: 'deny', scope: 'always' });
    expect(chosen(right({ decision: 'deny', scope: 'run', next: 'allow' }))).toEqual({ decision: 'allow', scope: 'run' });
    expect(chosen(right({ decision: 'deny', next: 'allow' }))).toBe(null);
  });

  it('is one of the choices', () => {
    const all = CHOICES.filter((choice) => sameChoice(choice, chosen(right({ scope: 'always' }))));
    expect(all).toEqual([{ decision: 'allow', scope: 'always' }]);
    expect(CHOICES.filter((choice) => sameChoice(choice, null))).toEqual([null]);
    expect(new Set(CHOICES.map(choiceLabel)).size).toBe(5);
  });
});

describe('an ask', () => {
  it('names guest, right, object, decision and scope', () => {
    expect(permit(right(), { decision: 'deny', scope: 'always' })).toEqual({
      what: 'permit',
      guest: 'flock',
      right: 'write',
      object: 'boids',
      decision: 'deny',
      scope: 'always',
    });
  });

  it('takes back a decision by the scope that it has', () => {
    expect(permit(right({ scope: 'always' }), null)).toMatchObject({ decision: null, scope: 'always' });
    expect(permit(right(), null)).toMatchObject({ decision: null, scope: 'run' });
  });
});

describe('what follows', () => {
  const allow: Choice = { decision: 'allow', scope: 'run' };
  const deny: Choice = { decision: 'deny', scope: 'run' };

  it('is said where something changes', () => {
    expect(consequence(right(), deny)).toBe('Ends flock at once');
    expect(consequence(right({ decision: 'deny' }), allow)).toBe('From the next restart on');
  });

  it('is not said where nothing does', () => {
    expect([consequence(right(), allow), consequence(right({ decision: 'deny' }), deny), consequence(right(), null)]).toEqual([null, null, null]);
  });

  it('in words', () => {
    expect([inWords('allow', null), inWords('deny', 'run'), inWords('deny', 'always')]).toEqual(['Allowed', 'Denied for this run', 'Always denied']);
    expect([shortly('allow', null), shortly('deny', 'run'), shortly('allow', 'always')]).toEqual([['Allowed', ''], ['Denied', 'this run'], ['Allowed', 'always']]);
  });
});

it("each guest's rights are together", () => {
  const groups = byGuest([right(), right({ guest: 'grid' }), right({ object: 'cells' })]);
  expect(groups.map(({ guest, permissions }) => [guest, permissions.map(({ object }) => object)])).toEqual([
    ['flock', ['boids', 'cells']],
    ['grid', ['boids']],
  ]);
});
