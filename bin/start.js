// Node.js reads modules with a pool of four threads, and aborts where the system does not allow them. So
// where few threads are allowed, the pool gets a single one before anything is read with it; this file is
// CommonJS, which is read without the pool.
const { readFileSync } = require('node:fs');

const few = 64;

/** @returns the number that the pattern finds in the file, or infinity ("max", "unlimited", no such file) */
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
    // not Linux
  }
  const paths = [`${root}/pids.max`, `${root}/pids/pids.max`];
  for (const [, controllers, path] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers === '') paths.push(`${root}${path}/pids.max`);
    if (controllers === 'pids') paths.push(`${root}/pids${path}/pids.max`);
  }
  return Math.min(...paths.map((path) => limitIn(path, /^(\d+)/)));
}

/** @returns whether one more thread can be started */
async function canStartThread() {
  try {
    const { Worker } = require('node:worker_threads');
    const thread = new Worker('', { eval: true });
    // a thread that fails later has been started
    thread.on('error', () => {});
    await thread.terminate();
    return true;
  } catch {
    return false;
  }
}

async function main() {
  const processes = limitIn('/proc/self/limits', /^Max processes\s+(\d+)/m);
  if (Math.min(processes, controlGroupLimit()) < few) {
    process.env.UV_THREADPOOL_SIZE ??= '1';
    if (!(await canStartThread())) {
      fail(
        'the system allows this user or container no more threads (ulimit -u, or a limit of pids), and one more is needed; raise that limit',
      );
      return;
    }
  }
  try {
    await import('../dist/main.js');
  } catch (error) {
    // the program itself words its errors; this one is of loading it
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
