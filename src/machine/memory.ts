/** Finds out how much memory this process may use, and checks whether what is about to be allocated fits. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { CharnnError } from '../errors.js';
import { controlGroups, type SystemFiles, systemFiles } from './control-groups.js';

const gigabyte = 2 ** 30;
const pageBytes = 4096;
/** Bytes that Node.js itself takes of a limit that counts the whole process */
const processBytes = 64 * 2 ** 20;

/** A limit of memory, of this process alone or shared with others, and how much of it is used */
export interface MemoryLimit {
  readonly bytes: number;
  readonly used: number;
  /** For messages: "… this machine has 8.00 GiB" */
  readonly inWords: (bytes: string) => string;
  /** Whether reserved memory counts towards the limit before it is used */
  readonly countsReserved: boolean;
}

/** Bytes of this process: of its address space, resident, and of its data */
interface Pages {
  readonly addressBytes: number;
  readonly residentBytes: number;
  readonly dataBytes: number;
}

/** proc(5): the numbers of pages are size, resident, shared, text, lib, data */
function pagesUsed(files: SystemFiles): Pages {
  const text = files.read('/proc/self/statm');
  if (text === undefined) {
    const residentBytes = process.memoryUsage.rss();
    return { addressBytes: residentBytes, residentBytes, dataBytes: residentBytes };
  }
  const pages = text.split(' ').map((count) => Number(count) * pageBytes);
  return { addressBytes: pages[0], residentBytes: pages[1], dataBytes: pages[5] };
}

/**
 * The limits of this process's memory: the machine's memory and what of it is free, that of its control
 * groups, and `ulimit -v` and `-d`. Caches of files count as free, because the system gives them up.
 */
export function memoryLimits(files: SystemFiles = systemFiles): MemoryLimit[] {
  const pages = pagesUsed(files);
  const used = pages.residentBytes;
  const limits: MemoryLimit[] = [
    ...resourceLimits(files, pages),
    ...groupLimits(files, used),
    {
      bytes: totalmem(),
      used,
      inWords: (bytes) => `this machine has ${bytes}`,
      countsReserved: true,
    },
  ];
  const free = freeBytes(files);
  if (free !== undefined) {
    limits.push({
      bytes: used + free,
      used,
      inWords: (bytes) => `this process can get ${bytes} on this machine at the moment`,
      countsReserved: false,
    });
  }
  return limits;
}

/** Bytes that the system can still give, swapping included; undefined if it does not tell */
function freeBytes(files: SystemFiles): number | undefined {
  const text = files.read('/proc/meminfo');
  const kilobytes = (name: string) =>
    Number(text?.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1]);
  const free = 1024 * (kilobytes('MemAvailable') + kilobytes('SwapFree'));
  return Number.isNaN(free) ? undefined : free;
}

const resources = [
  ['Max address space', 'addressBytes', 'ulimit -v'],
  ['Max data size', 'dataBytes', 'ulimit -d'],
] as const;

/** Per source of files: a process's limits stay as they are at its start. */
const known = new WeakMap<
  SystemFiles,
  { readonly resources: readonly (number | undefined)[]; readonly groups: readonly Group[] }
>();

function limitsOf(files: SystemFiles) {
  const found = known.get(files);
  if (found) return found;
  const text = files.read('/proc/self/limits') ?? '';
  const soft = resources.map(([name]) => {
    const number = text.match(new RegExp(`^${name}\\s+(\\d+)`, 'm'))?.[1];
    return number === undefined ? undefined : Number(number);
  });
  const read = { resources: soft, groups: findGroups(files) };
  known.set(files, read);
  return read;
}

function resourceLimits(files: SystemFiles, pages: Pages): MemoryLimit[] {
  const soft = limitsOf(files).resources;
  return resources.flatMap(([, counted, command], i) => {
    const bytes = soft[i];
    if (bytes === undefined) return [];
    const used = pages[counted];
    return [
      {
        bytes,
        used,
        inWords: (shown: string) => `${command} allows ${shown}`,
        countsReserved: true,
      },
    ];
  });
}

interface Group {
  readonly bytes: number;
  /** The files that tell how much the group uses, and how much of that are caches */
  readonly usage: string;
  readonly kinds: string;
  readonly caches: RegExp;
}

/** A limit of version 1 above this means that there is none. */
const noLimit = 2 ** 60;

/** The control groups around this process that have a limit */
function findGroups(files: SystemFiles): Group[] {
  return controlGroups('memory', files).flatMap((folder) => {
    const limitIn = (name: string) => {
      const text = files.read(`${folder}/${name}`)?.trim();
      const bytes = text === undefined || text === 'max' ? Number.NaN : Number(text);
      return bytes < noLimit ? bytes : Number.POSITIVE_INFINITY;
    };
    // above "high", processes of the group are slowed down until they hardly run
    const second = Math.min(limitIn('memory.max'), limitIn('memory.high'));
    const first = limitIn('memory.limit_in_bytes');
    const kinds = `${folder}/memory.stat`;
    if (second < noLimit) {
      const caches = /^(?:in)?active_file (\d+)/gm;
      return [{ bytes: second, usage: `${folder}/memory.current`, kinds, caches }];
    }
    if (first >= noLimit) return [];
    const caches = /^total_(?:in)?active_file (\d+)/gm;
    return [{ bytes: first, usage: `${folder}/memory.usage_in_bytes`, kinds, caches }];
  });
}

function groupLimits(files: SystemFiles, residentBytes: number): MemoryLimit[] {
  return limitsOf(files).groups.map(({ bytes, usage, kinds, caches }) => {
    let used = Number(files.read(usage) ?? residentBytes + processBytes);
    // telling the caches apart takes the system longer, so it is only asked when the limit is near
    if (used > bytes / 2) {
      for (const [, cached] of (files.read(kinds) ?? '').matchAll(caches)) used -= Number(cached);
    }
    return {
      bytes,
      used: Math.max(used, 0),
      inWords: (shown) => `this control group has ${shown}`,
      countsReserved: true,
    };
  });
}

/** Bytes of address space that may still be reserved: half of what `ulimit -v` leaves, as V8 needs some, too. */
export function reservableBytes(): number {
  const limit = resourceLimits(systemFiles, pagesUsed(systemFiles)).find(isOfAddresses);
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit.bytes - limit.used) / 2;
}

function isOfAddresses({ inWords }: MemoryLimit): boolean {
  return inWords('').startsWith('ulimit -v');
}

const shown = (x: number) => `${(Math.max(0, x) / gigabyte).toFixed(2)} GiB`;

/**
 * The memory of a process varies by more than this, so smaller needs are not compared with the limits, which takes
 * time.
 */
const negligible = 16 * 2 ** 20;

/**
 * @param bytes that are to be taken beyond what this process has already
 * @param what is to be held, for the message
 * @param remedy what to do about it, for the message
 * @param reserved bytes that have been promised or are now, which need not be in use yet: `bytes` of them are new
 * @throws CharnnError with both figures when it cannot fit
 */
export function requireMemory(bytes: number, what: string, remedy?: string, reserved = 0): void {
  if (Math.max(bytes, reserved) < negligible) return;
  for (const limit of memoryLimits()) {
    const promised = limit.countsReserved ? reserved + processBytes : 0;
    const needed = Math.max(limit.used + bytes, reserved > 0 ? promised : 0);
    if (needed <= limit.bytes) continue;
    const advice = remedy === undefined ? '' : `; ${remedy}`;
    throw new CharnnError(
      `not enough memory for ${what}: ${shown(needed)} are needed, and ${limit.inWords(shown(limit.bytes))}${advice}`,
    );
  }
}

/** Bytes of JavaScript's heap that are used before a command begins its work */
const heapAtStart = 12 * 2 ** 20;

/**
 * V8 ends the whole process where its heap is full, so what may fill it is asked for before.
 * @param bytes that are to be taken of the heap of JavaScript: strings, lists, objects
 * @throws CharnnError when they cannot fit
 */
export function requireHeap(bytes: number, what: string, remedy?: string): void {
  const limit = getHeapStatistics().heap_size_limit - heapAtStart;
  if (bytes <= limit) return;
  const advice = remedy === undefined ? '' : `; ${remedy}`;
  throw new CharnnError(
    `not enough memory for ${what}: ${shown(bytes)} of JavaScript's heap are needed, and it has ${shown(limit)} (see --max-old-space-size in NODE_OPTIONS)${advice}`,
  );
}

/** Memory that a thread takes before it has done anything: its heap, its stack, the modules */
const bytesPerThread = 12 * 2 ** 20;
/** Address space that V8 reserves for a thread, most of it never used; measured with Node 20. */
const threadAddressBytes = 700 * 2 ** 20;

/**
 * Looked up before threads are started: V8 ends the whole process when a thread finds too little.
 * @param bytesEach that each thread takes beyond what any thread takes
 * @returns how many of the threads fit, and why no more do
 */
export function fittingThreads(
  count: number,
  bytesEach: number,
): { readonly count: number; readonly reason: string } {
  let fitting = { count, reason: '' };
  for (const limit of memoryLimits()) {
    const { bytes, used, inWords } = limit;
    const isAddresses = isOfAddresses(limit);
    const each = bytesEach + (isAddresses ? threadAddressBytes : bytesPerThread);
    const room = Math.max(0, Math.floor((bytes - used) / each));
    if (room >= fitting.count) continue;
    const kind = isAddresses ? 'address space' : 'memory';
    const threads = count === 1 ? 'a thread' : `${count} threads`;
    const reason = `not enough ${kind} for ${threads}: ${shown(used + count * each)} are needed, and ${inWords(shown(bytes))}; use fewer threads, or raise the limit`;
    fitting = { count: room, reason };
  }
  return fitting;
}
