/** Identifies processes: a process id alone may belong to another process tomorrow, or in another container. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A string that identifies the scope in which process ids are unique: one boot of one machine, and one process
 * namespace.
 */
export function processRealm(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot ?? '', namespace ?? ''].join(' ');
}

/** Whether a process with this id exists on this machine, in the process namespace of this process. */
export function processExists(pid: number): boolean {
  try {
    // signal 0 only checks that a signal could be sent
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process was started, in the system's units; undefined if there is no such process, or the system does not
 * tell.
 */
export function startOfProcess(pid: number): string | undefined {
  const line = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (line === undefined) return undefined;
  // proc(5): the command in brackets may contain spaces and brackets; after it come the state and, 19 fields later, the
  // start time
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const hasEnded = fields[0] === 'Z' || fields[0] === 'X';
  return hasEnded ? undefined : fields[19];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
