/** Launchers of MPI on this machine, and trainings that they start. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { binary, type Folder, finished, type Outcome } from '../commands/run.js';

export interface Launcher {
  readonly name: string;
  readonly command: string;
  readonly options: readonly string[];
}

const all: readonly Launcher[] = [
  { name: 'Open MPI', command: 'mpirun.openmpi', options: ['--oversubscribe'] },
  { name: 'MPICH', command: 'mpirun.mpich', options: [] },
];

/** Those that are installed */
export const launchers = all.filter(
  ({ command }) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Starts charnn in several processes. */
export function launch(
  { command, options }: Launcher,
  processes: number,
  folder: Folder,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const all = [...options, '-n', `${processes}`, process.execPath, binary, ...args];
  return spawn(command, all, {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...{ NO_COLOR: undefined, FORCE_COLOR: undefined },
      // in a container everything is root's
      ...{ OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
      ...environment,
    },
  });
}

/** Runs charnn in several processes. */
export function launched(...what: Parameters<typeof launch>): Promise<Outcome> {
  return finished(launch(...what));
}
