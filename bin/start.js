// Node.js reads modules with a pool of four threads, and aborts where the system does not allow them. So
// where few threads are allowed, the pool gets a single one before anything is read with it; this file is
// CommonJS, which is read without the pool.
const { readFileSync } = require('node:fs');
const { getHeapStatistics, setFlagsFromString } = require('node:v8');

const few = 64;
const megabyte = 2 ** 20;
/** Bytes of address space that charnn needs to start and to work; most of them are reserved but never used */
const neededAddresses = 640 * megabyte;
/** Bytes of address space that a worker thread takes, such as the one that `canStartThread` starts; see machine/memory.ts */
const threadAddresses = (Number.parseInt(process.versions.node, 10) > 24 ? 1000 : 700) * megabyte;

/** Bytes of JavaScript's heap below which V8 compiles in the thread that needs the code, not in the background */
const smallHeap = 256 * megabyte;

/** @returns the number that the pattern captures in the file; infinity for "max", "unlimited" and a missing file */
function limitIn(path, pattern) {
  try {
    return Number(pattern.exec(readFileSync(path, 'latin1'))?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** @returns the least pids limit of the control groups that this process is in */
function controlGroupLimit() {
  const root = '/sys/fs/cgroup';
  let groups = '';
  try {
    groups = readFileSync('/proc/self/cgroup', 'latin1');
  } catch {
    // only Linux has this file, and control groups
  }
  const paths = [`${root}/pids.max`, `${root}/pids/pids.max`];
  for (const [, controllers, path] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    const tree =
      controllers === '' ? root : controllers.split(',').includes('pids') && `${root}/pids`;
    // the limit of a control group also holds for the groups within it
    for (
      let group = path;
      tree && group.length > 1;
      group = group.slice(0, group.lastIndexOf('/'))
    ) {
      paths.push(`${tree}${group}/pids.max`);
    }
  }
  return Math.min(...paths.map((path) => limitIn(path, /^(\d+)/)));
}

/** @returns whether one more thread can be started */
async function canStartThread() {
  try {
    const { Worker } = require('node:worker_threads');
    const thread = new Worker('', { eval: true });
    // the thread is started only to see whether that is possible, so an error in it later does not matter
    thread.on('error', () => {});
    await thread.terminate();
    return true;
  } catch {
    return false;
  }
}

/** @returns the bytes of address space that `ulimit -v` leaves, and those that it allows */
function addressSpace() {
  const allowed = limitIn('/proc/self/limits', /^Max address space\s+(\d+)/m);
  if (allowed === Number.POSITIVE_INFINITY) return { allowed, left: allowed };
  // proc(5): the first number is the size of the process's address space, in memory pages
  const pages = limitIn('/proc/self/statm', /^(\d+)/);
  return { allowed, left: Number.isFinite(pages) ? allowed - 4096 * pages : allowed };
}

async function main() {
  const processes = limitIn('/proc/self/limits', /^Max processes\s+(\d+)/m);
  const hasFewThreads = Math.min(processes, controlGroupLimit()) < few;
  const { allowed, left } = addressSpace();
  // with less address space, V8 would end the process later, without saying why
  const needed = neededAddresses + (hasFewThreads ? threadAddresses : 0);
  if (left < needed) {
    const [all, given] = [allowed - left + needed, allowed].map((x) => Math.round(x / megabyte));
    fail(
      `not enough address space: about ${all} MiB are needed, but ulimit -v allows ${given} MiB; raise that limit`,
    );
    return;
  }
  if (hasFewThreads) {
    process.env.UV_THREADPOOL_SIZE ??= '1';
    if (!(await canStartThread())) {
      fail(
        'the system allows this user or container no more threads, but one more is needed; raise that limit (ulimit -u, or the pids limit of the container)',
      );
      return;
    }
  }
  // Node.js aborts if a thread ends while V8 compiles for it in the background and finds its heap nearly full
  if (getHeapStatistics().heap_size_limit < smallHeap) {
    setFlagsFromString('--no-concurrent-recompilation');
  }
  try {
    await import('../dist/bundle/main.js');
  } catch (error) {
    // charnn itself reports the errors that occur while it runs, so this one occurred while its code was loaded
    const { code } = error;
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    fail(
      'cannot load the program: too many files are open; allow more, for instance with ulimit -n 256',
    );
  }
}

function fail(message) {
  process.stderr.write(`charnn: ${message}\n`);
  process.exitCode = 1;
}

main();
