/**
 * Finds the files that the output of this process reaches through pipes, as in `charnn train . | tee log`. Only on
 * Linux can a process find out who reads a pipe; elsewhere no files are found.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** Device and inode number, which identify a file */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

interface PipeUser {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly files: readonly FileIdentity[];
}

/**
 * Finds the files that an output stream of this process reaches through pipes.
 * @param descriptor of the output stream
 */
export function filesDownstream(descriptor: number): FileIdentity[] {
  let pipe: string;
  try {
    if (!fstatSync(descriptor).isFIFO()) return [];
    pipe = readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // fstat fails if the descriptor is closed, and readlink if this is not Linux
    return [];
  }
  const users = pipeUsers();
  const reached = new Set([pipe]);
  const found: FileIdentity[] = [];
  // a pipeline may have several stages; iterating over the set also visits the pipes that are added to it meanwhile
  for (const stage of reached) {
    for (const { reads, writes, files } of users) {
      if (!reads.includes(stage)) continue;
      found.push(...files);
      for (const next of writes) reached.add(next);
    }
  }
  return found;
}

/**
 * The other processes of this session (of one terminal or job); all processes of a pipeline are in the same session.
 */
function pipeUsers(): PipeUser[] {
  const session = sessionOf('self');
  if (session === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((name) => sessionOf(name) === session)
    .map(descriptorsOf);
}

/**
 * The session of a process, as proc(5) shows it: the command in brackets is followed by state, parent, process group
 * and session
 */
function sessionOf(process: string): string | undefined {
  try {
    const line = readFileSync(`/proc/${process}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[3];
  } catch {
    return undefined;
  }
}

function descriptorsOf(process: string): PipeUser {
  const [reads, writes]: [string[], string[]] = [[], []];
  const files: FileIdentity[] = [];
  const folder = `/proc/${process}/fd`;
  for (const name of namesIn(folder)) {
    try {
      const target = readlinkSync(`${folder}/${name}`);
      const flags = readFileSync(`/proc/${process}/fdinfo/${name}`, 'latin1').match(
        /^flags:\s+(\d+)/m,
      );
      const isWritten = (Number.parseInt(flags?.[1] ?? '0', 8) & accessMode) !== 0;
      if (target.startsWith('pipe:')) (isWritten ? writes : reads).push(target);
      else if (isWritten) {
        const stats = statSync(`${folder}/${name}`, { bigint: true });
        if (stats.isFile()) files.push({ dev: stats.dev, ino: stats.ino });
      }
    } catch {
      // stat fails if the process has closed this descriptor since the folder was listed
    }
  }
  return { reads, writes, files };
}

/** Mask of the access mode in the flags of open(2); 0 means read only */
const accessMode = 3;

/** Names in a folder of /proc; none if the process has ended or belongs to another user */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
