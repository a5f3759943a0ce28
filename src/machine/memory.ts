/** Finds out how much memory this process may use, and checks whether an allocation will fit. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { CharnnError } from '../errors.js';
import { controlGroups, type SystemFiles, systemFiles } from './control-groups.js';

const gigabyte = 2 ** 30;
const pageBytes = 4096;
/** Bytes that Node.js itself takes, out of a limit that counts the whole process */
const processBytes = 64 * 2 ** 20;

/**
 * A memory limit that applies to this process alone or is shared with other processes, and how much of the memory is in
 * use
 */
export interface MemoryLimit {
  readonly bytes: number;
  readonly used: number;
  /** The part of a message that describes the limit: "… this machine has 8.00 GiB" */
  readonly inWords: (bytes: string) => string;
  /** Whether reserved memory counts towards the limit even before it is used */
  readonly countsReserved: boolean;
}

/** Bytes of this process: its address space, its resident memory, and its data */
interface Pages {
  readonly addressBytes: number;
  readonly residentBytes: number;
  readonly dataBytes: number;
}

/** proc(5): the page counts in statm are size, resident, shared, text, lib, data */
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
 * The limits on this process's memory: the machine's memory and how much of it is free, the control groups' limits, and
 * `ulimit -v` and `-d`. File caches count as free, because the system reclaims them.
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

/** Bytes that the system can still provide, including swap; undefined if it does not tell */
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

/**
 * The limits of this process for each object that reads the system's files. They are read only once, because they do
 * not change after the process has started.
 */
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
  /** The files that tell how much memory the control group uses, and how much of that is file caches */
  readonly usage: string;
  readonly kinds: string;
  readonly caches: RegExp;
}

/** With control groups of version 1, a limit above this means that there is none. */
const noLimit = 2 ** 60;

/** The control groups around this process that have a memory limit */
function findGroups(files: SystemFiles): Group[] {
  return controlGroups('memory', files).flatMap((folder) => {
    const limitIn = (name: string) => {
      const text = files.read(`${folder}/${name}`)?.trim();
      const bytes = text === undefined || text === 'max' ? Number.NaN : Number(text);
      return bytes < noLimit ? bytes : Number.POSITIVE_INFINITY;
    };
    // above the limit in memory.high, the system slows the processes of the group down until they hardly run
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
    // reading the size of the file caches is slow, so it is done only near the limit of memory
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

/** Bytes of address space that may still be reserved: half of what `ulimit -v` leaves, as V8 needs some too. */
export function reservableBytes(): number {
  // usually nothing is limited, and then the memory in use need not be read
  if (limitsOf(systemFiles).resources.every((bytes) => bytes === undefined)) {
    return Number.POSITIVE_INFINITY;
  }
  const limit = resourceLimits(systemFiles, pagesUsed(systemFiles)).find(isOfAddresses);
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit.bytes - limit.used) / 2;
}

function isOfAddresses({ inWords }: MemoryLimit): boolean {
  return inWords('').startsWith('ulimit -v');
}

const shown = (x: number) => `${(Math.max(0, x) / gigabyte).toFixed(2)} GiB`;

/**
 * The memory of a process fluctuates by more than this number of bytes. Smaller requests are not compared with the
 * limits, because the comparison takes time.
 */
const negligible = 16 * 2 ** 20;

/**
 * Checks that memory can be allocated.
 * @param bytes number of bytes to allocate, in addition to the memory that this process uses already
 * @param what a phrase for the message that says what the memory is for
 * @param remedy a phrase for the message that says what the user can do
 * @param reserved number of bytes reserved so far and now, including `bytes`; they need not be in use yet
 * @throws CharnnError with the bytes needed and the limit when they do not fit
 */
export function requireMemory(bytes: number, what: string, remedy?: string, reserved = 0): void {
  if (Math.max(bytes, reserved) < negligible) return;
  for (const limit of memoryLimits()) {
    const promised = limit.countsReserved ? reserved + processBytes : 0;
    const needed = Math.max(limit.used + bytes, reserved > 0 ? promised : 0);
    if (needed <= limit.bytes) continue;
    const advice = remedy === undefined ? '' : `; ${remedy}`;
    throw new CharnnError(
      `not enough memory for ${what}: ${shown(needed)} are needed, but ${limit.inWords(shown(limit.bytes))}${advice}`,
    );
  }
}

/** Bytes of the JavaScript heap that are used before a command begins its work */
const heapAtStart = 12 * 2 ** 20;

/**
 * Checks that the JavaScript heap has room, because V8 ends the whole process when the heap is full.
 * @param bytes to allocate on the heap: strings, lists, objects
 * @throws CharnnError when they do not fit
 */
export function requireHeap(bytes: number, what: string, remedy?: string): void {
  const limit = getHeapStatistics().heap_size_limit - heapAtStart;
  if (bytes <= limit) return;
  const advice = remedy === undefined ? '' : `; ${remedy}`;
  throw new CharnnError(
    `not enough memory for ${what}: ${shown(bytes)} of JavaScript's heap are needed, but it has ${shown(limit)} (see --max-old-space-size in NODE_OPTIONS)${advice}`,
  );
}

/** Memory that a thread takes before it does anything: its heap, its stack, the modules */
const bytesPerThread = 12 * 2 ** 20;
/**
 * Address space that V8 reserves for a thread, most of it never used; Node.js 20, 22 and 24 were measured to take 590
 * MiB, 26 takes 840.
 */
const threadAddressBytes = (Number.parseInt(process.versions.node, 10) > 24 ? 1000 : 700) * 2 ** 20;

/**
 * Checks how many threads fit in memory before they are started, because V8 ends the whole process when a thread finds
 * too little memory.
 * @param bytesEach bytes that each thread will take, in addition to those of any thread
 * @returns how many of the threads fit, and why not all of them
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
    const reason = `not enough ${kind} for ${threads}: ${shown(used + count * each)} are needed, but ${inWords(shown(bytes))}; use fewer threads, or raise the limit`;
    fitting = { count: room, reason };
  }
  return fitting;
}
