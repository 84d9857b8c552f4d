import type { Ask, Decision, Permission, Scope } from '../protocol';

/** What a person can decide about a right; none is what the manifest says. */
export type Choice = { decision: Decision; scope: Scope } | null;

export const CHOICES: Choice[] = [
  null,
  { decision: 'allow', scope: 'run' },
  { decision: 'allow', scope: 'always' },
  { decision: 'deny', scope: 'run' },
  { decision: 'deny', scope: 'always' },
];

/** What was decided last. Where it waits for a restart, something else holds until then. */
export function chosen({ decision, scope, next }: Permission): Choice {
  return scope === null ? null : { decision: next ?? decision, scope };
}

export function sameChoice(a: Choice, b: Choice): boolean {
  return a?.decision === b?.decision && a?.scope === b?.scope;
}

/** The ask for a choice. What is taken back is the decision that holds, so that it is named by its own scope. */
export function permit({ guest, right, object, scope }: Permission, choice: Choice): Ask {
  return { what: 'permit', guest, right, object, decision: choice?.decision ?? null, scope: choice?.scope ?? scope ?? 'run' };
}

export function choiceLabel(choice: Choice): string {
  if (choice === null) return 'As the manifest says';
  if (choice.scope === 'always') return choice.decision === 'allow' ? 'Always allow' : 'Always deny';
  return choice.decision === 'allow' ? 'Allow for this run' : 'Deny for this run';
}

/** What follows from a choice, where that is not what one would expect. */
export function consequence({ guest, decision }: Permission, choice: Choice): string | null {
  if (choice === null || choice.decision === decision) return null;
  return choice.decision === 'deny' ? `Ends ${guest} at once` : 'From the next restart on';
}

/** Decision and scope in words, such as `Denied for this run`. */
export function inWords(decision: Decision, scope: Scope | null): string {
  const word = decision === 'allow' ? 'Allowed' : 'Denied';
  if (scope === null) return word;
  return scope === 'always' ? `Always ${word.toLowerCase()}` : `${word} for this run`;
}

/** The same in two parts for a narrow place: what holds, and for how long if that is a person's decision. */
export function shortly(decision: Decision, scope: Scope | null): [string, string] {
  return [inWords(decision, null), scope === null ? '' : scope === 'always' ? 'always' : 'this run'];
}

export interface Group {
  guest: string;
  permissions: Permission[];
}

/** Each guest's rights together, in the order in which the engine names them. */
export function byGuest(permissions: Permission[]): Group[] {
  const groups = new Map<string, Permission[]>();
  for (const permission of permissions) {
    const group = groups.get(permission.guest);
    if (group) group.push(permission);
    else groups.set(permission.guest, [permission]);
  }
  return [...groups].map(([guest, permissions]) => ({ guest, permissions }));
}
