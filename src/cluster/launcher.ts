/**
 * Reads what an MPI launcher (mpirun, mpiexec, srun) tells the processes that it starts through their environment
 * variables.
 */

/** A process among those that a launcher has started for one job */
export interface Seat {
  /** The number of this process, from 0 */
  readonly rank: number;
  /** The number of processes */
  readonly size: number;
  /** The number of processes on this machine */
  readonly onThisMachine: number;
}

/**
 * The environment variables by which each launcher tells the rank, the number of processes, and the number of processes
 * on the machine
 */
const launchers: readonly (readonly [rank: string, size: string, local: string])[] = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  // Hydra, the launcher of MPICH, Intel MPI and MVAPICH; and Slurm with --mpi=pmi2
  ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALNRANKS'],
  // a launcher that uses only PMIx, such as Slurm with --mpi=pmix
  ['PMIX_RANK', 'SLURM_NTASKS', 'SLURM_TASKS_PER_NODE'],
];

/** @returns this process' place in a job of several processes; undefined if it was started alone */
export function seatOf(
  environment: Readonly<Record<string, string | undefined>>,
): Seat | undefined {
  for (const [rankName, sizeName, localName] of launchers) {
    const rank = whole(environment[rankName]);
    const size = whole(environment[sizeName]);
    if (rank === undefined || size === undefined || size < 2 || rank >= size) continue;
    return { rank, size, onThisMachine: Math.max(1, whole(environment[localName]) ?? 1) };
  }
  return undefined;
}

/**
 * Max number of bytes that are passed to MPI at once. Between machines, MPI libraries send small messages at once, but
 * ask before they send larger ones. The answer would have to wait behind the data that goes the other way, so that of
 * two processes only one would send at a time. Within a machine, large messages are faster.
 */
export function pieceBytes(environment: Readonly<Record<string, string | undefined>>): number {
  const seat = seatOf(environment);
  return seat === undefined || seat.onThisMachine >= seat.size ? 2 ** 30 : smallMessage;
}

/** The largest messages that Open MPI sends at once have 64 KiB, with a header. */
const smallMessage = 60 * 2 ** 10;

/**
 * Sets variables for UCX, the library through which MPICH and Open MPI may send, unless they are set already. It would
 * intercept the memory functions of the process, which crashes Node.js, and write warnings to standard output, where
 * results are.
 */
export function setUpUcx(environment: Record<string, string | undefined>): void {
  environment.UCX_MEM_EVENTS ??= 'n';
  environment.UCX_LOG_FILE ??= 'stderr';
  const piece = pieceBytes(environment);
  if (piece <= smallMessage) environment.UCX_RNDV_THRESH ??= `${2 * piece}`;
}

/** The whole number that a variable begins with: Slurm writes `4(x2)` for four tasks on each of two machines. */
function whole(value: string | undefined): number | undefined {
  const digits = /^\d{1,9}/.exec(value ?? '');
  return digits ? Number(digits[0]) : undefined;
}

/** An MPI library to be tried, and whether it has the binary interface that MPI 5.0 fixes */
export interface Candidate {
  readonly path: string;
  readonly isStandard: boolean;
}

/**
 * The MPI libraries in the order in which they are tried. The launcher's own library comes first, because with any
 * other library each process would be on its own.
 */
export function candidates(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Candidate[] {
  const given = environment.CHARNN_MPI;
  if (given) return [{ path: given, isStandard: /mpi_abi/.test(given) }];
  const named = (name: string, version: string) =>
    platform === 'darwin' ? `${name}.${version}.dylib` : `${name}.so.${version}`;
  const openMpi = [named('libmpi', '40'), named('libmpi', '80')];
  const mpich = [named('libmpich', '12'), named('libmpi', '12')];
  const standard = [named('libmpi_abi', '1'), named('libmpi_abi', '0')].map((path) => ({
    path,
    isStandard: true,
  }));
  const own = (paths: readonly string[]) => paths.map((path) => ({ path, isStandard: false }));
  return 'OMPI_COMM_WORLD_SIZE' in environment
    ? [...own(openMpi), ...standard]
    : [...own(mpich), ...standard, ...own(openMpi)];
}
