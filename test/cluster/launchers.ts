/** Launchers of MPI on this machine, and trainings that they start. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { binary, Folder, finished, type Outcome, verses } from '../commands/run.js';
import type { LauncherName, TwoHosts } from './two-hosts.mjs';

export interface Launcher {
  readonly id: LauncherName;
  readonly name: string;
  readonly command: string;
  readonly options: readonly string[];
}

const all: readonly Launcher[] = [
  {
    ...{ id: 'openmpi', name: 'Open MPI', command: 'mpirun.openmpi' },
    options: ['--oversubscribe'],
  },
  { id: 'mpich', name: 'MPICH', command: 'mpirun.mpich', options: [] },
];

/** Those that are installed */
export const launchers = all.filter(
  ({ command }) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Starts charnn in two processes, on this machine or on two hosts. */
export function launch(
  { id, command, options }: Launcher,
  folder: Folder,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  hosts?: TwoHosts,
): ChildProcess {
  const program = [process.execPath, binary, ...args];
  const here = { command, args: [...options, '-n', '2', ...program], environment: {} };
  const line = hosts?.commandLine(id, program, ['CHARNN_TEST']) ?? here;
  return spawn(line.command, line.args, {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...{ NO_COLOR: undefined, FORCE_COLOR: undefined },
      // in a container everything is root's
      ...{ OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
      // by this, processes that belong to the folder are found
      CHARNN_TEST: folder.path,
      ...line.environment,
      ...environment,
    },
  });
}

/** Runs charnn in two processes. */
export function launched(...what: Parameters<typeof launch>): Promise<Outcome> {
  return finished(launch(...what));
}

/** A folder with a text to train on */
export function written(): Folder {
  const folder = new Folder();
  folder.write('text.txt', verses(3000));
  return folder;
}

/** The process of a rank, among those that run in a folder */
export function processOf(rank: number, folder: Folder): number {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${id}/environ`, 'latin1').split('\0');
      const isRank = [`OMPI_COMM_WORLD_RANK=${rank}`, `PMI_RANK=${rank}`].some((variable) =>
        variables.includes(variable),
      );
      if (isRank && variables.includes(`CHARNN_TEST=${folder.path}`)) return Number(id);
    } catch {
      // it has ended, or belongs to another user
    }
  }
  throw new Error(`there is no process of rank ${rank}`);
}
