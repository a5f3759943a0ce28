/** The memory that this process may use, and checks that a planned allocation fits into it. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { CharnnError } from '../errors.js';

const gigabyte = 2 ** 30;
/** Address space that Node.js itself takes of a limit on the whole process */
const processBytes = 64 * 2 ** 20;

export interface MemoryLimit {
  readonly bytes: number;
  /** The owner of the limit, for messages: "… this machine has 8 GiB" */
  readonly owner: string;
}

/**
 * The lowest of the limits on this process: the machine's memory, its control group's, and `ulimit -v` and
 * `-d`. What is free just now is no limit: systems count caches as used, and swap.
 */
export function memoryLimit(): MemoryLimit {
  const constrained = process.constrainedMemory?.() ?? 0;
  const candidates: MemoryLimit[] = [
    { bytes: totalmem(), owner: 'this machine has' },
    ...(constrained > 0 && constrained < totalmem()
      ? [{ bytes: constrained - processBytes, owner: 'this control group leaves' }]
      : []),
    ...resourceLimits(),
  ];
  return candidates.reduce((a, b) => (b.bytes < a.bytes ? b : a));
}

const resources = [
  ['Max address space', 'ulimit -v allows'],
  ['Max data size', 'ulimit -d allows'],
] as const;

let known: readonly MemoryLimit[] | undefined;

/** Of this process; where the system does not tell, there are none. They stay as they are at its start. */
function resourceLimits(): readonly MemoryLimit[] {
  known ??= readResourceLimits();
  return known;
}

function readResourceLimits(): readonly MemoryLimit[] {
  let text = '';
  try {
    text = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // this system is not Linux
  }
  return resources.flatMap(([name, owner]) => {
    const soft = text.match(new RegExp(`^${name}\\s+(\\d+)`, 'm'))?.[1];
    return soft === undefined ? [] : [{ bytes: Number(soft), owner }];
  });
}

/**
 * @param what is to be held, for the message
 * @param remedy what to do about it, for the message
 * @throws CharnnError with both figures when it cannot fit
 */
export function requireMemory(bytes: number, what: string, remedy?: string): void {
  const limit = memoryLimit();
  if (bytes <= limit.bytes) return;
  const shown = (x: number) => `${(Math.max(0, x) / gigabyte).toFixed(2)} GiB`;
  const advice = remedy === undefined ? '' : `; ${remedy}`;
  throw new CharnnError(
    `not enough memory for ${what}: ${shown(bytes)} are needed, and ${limit.owner} ${shown(limit.bytes)}${advice}`,
  );
}

/** Address space that V8 reserves for a thread, most of it never used; measured with Node 20. */
const threadAddressBytes = 700 * 2 ** 20;
const pageBytes = 4096;

/**
 * Checked before threads are started: V8 ends the whole process when a thread finds too little.
 * @throws CharnnError when `ulimit -v` leaves too little address space for so many threads
 */
export function requireThreads(count: number): void {
  const limit = resourceLimits().find(({ owner }) => owner.startsWith('ulimit -v'));
  if (limit === undefined) return;
  const used = addressBytesUsed();
  const needed = count * threadAddressBytes;
  if (used + needed <= limit.bytes) return;
  const shown = (x: number) => `${(Math.max(0, x) / gigabyte).toFixed(2)} GiB`;
  throw new CharnnError(
    `not enough address space for ${count === 1 ? 'a thread' : `${count} threads`}: ${shown(needed)} are needed, and ulimit -v leaves ${shown(limit.bytes - used)}; use fewer threads, or raise the limit`,
  );
}

function addressBytesUsed(): number {
  try {
    return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * pageBytes;
  } catch {
    return 0;
  }
}
