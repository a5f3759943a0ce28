/** Choosing a back end: by name, or the fastest that works here. */
import { CharnnError } from '../errors.js';
import type { Arena } from './arena.js';
import type { Backend } from './backend.js';
import { createNative, loadNative } from './native.js';
import { ReferenceBackend } from './reference.js';
import { createWasm } from './wasm.js';

export const backendNames = ['auto', 'native', 'wasm', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

export interface ChosenBackend {
  readonly backend: Backend;
  /** What 'auto' came to, for other threads to do alike */
  readonly name: Exclude<BackendName, 'auto'>;
  /** What 'auto' took and why, where that is not the fastest there is */
  readonly note: string | undefined;
}

/** Back ends that run on this installation, fastest first. */
type Attempt = (arena: Arena) => Backend | { readonly missing: string };

const attempts: readonly (readonly [Exclude<BackendName, 'auto'>, Attempt])[] = [
  ['native', (arena) => createNative(arena)],
  ['wasm', (arena) => createWasm(arena)],
  ['reference', (arena) => new ReferenceBackend(arena)],
];

/**
 * Makes a back end on an arena; synchronous, so that worker threads can begin at once.
 * @param name 'auto' falls back from the fastest to the slowest; another name is taken at its word
 * @throws CharnnError when the back end that was named cannot run here
 */
export function createBackend(name: BackendName, arena: Arena): ChosenBackend {
  const reasons: string[] = [];
  for (const [candidate, attempt] of attempts) {
    if (name !== 'auto' && name !== candidate) continue;
    const made = attempt(arena);
    if (!('missing' in made)) {
      const note = reasons.length > 0 ? `using ${made.name}: ${reasons.join('; ')}` : undefined;
      return { backend: made, name: candidate, note };
    }
    reasons.push(`${candidate} is missing (${made.missing})`);
  }
  throw new CharnnError(
    `back end ${name} cannot run here: ${reasons.join('; ') || 'it is not part of this build'}; give --backend auto`,
  );
}

/**
 * The back end of exactly this name, as `Backend.name` has it: the same instructions, and so the same
 * bits. By default the best of a kind is taken, which may be another one here.
 * @throws CharnnError when it cannot run here
 */
export function exactBackend(name: string, arena: Arena): Backend {
  const [, kind, level] = name.match(/^(\w+)(?: \((.+)\))?$/) ?? [];
  const made = exactAttempt(kind, level, arena);
  if (!('missing' in made)) return made;
  throw new CharnnError(`back end ${name} cannot run here: ${made.missing}`);
}

function exactAttempt(kind: string | undefined, level: string | undefined, arena: Arena) {
  if (kind === 'reference') return new ReferenceBackend(arena);
  if (kind === 'wasm' && (level === 'simd' || level === 'relaxed')) return createWasm(arena, level);
  if (kind === 'native') {
    const addon = loadNative();
    if ('missing' in addon) return addon;
    const known = addon.levels().find((candidate) => candidate === level);
    return known ? createNative(arena, known) : { missing: `this processor has no ${level}` };
  }
  return { missing: 'this charnn does not know it' };
}
