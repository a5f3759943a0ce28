/** What launchers tell, and sums and copies between processes that are made up. */
import { expect, test } from 'vitest';
import { float32Elements } from '#charnn/backend/cpu.js';
import { openDevice } from '#charnn/backend/open-device.js';
import { candidates, pieceBytes, seatOf } from '#charnn/cluster/launcher.js';
import { type Bytes, loadLibrary } from '#charnn/cluster/mpi.js';
import { Peers } from '#charnn/cluster/peers.js';
import { threadsOfAll } from '#charnn/library/process-counts.js';

test('a process knows its place from each launcher, and is alone without one', () => {
  expect(seatOf({})).toBeUndefined();
  const openMpi = { OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '8' };
  expect(seatOf({ ...openMpi, OMPI_COMM_WORLD_LOCAL_SIZE: '4' })).toEqual({
    ...{ rank: 3, size: 8, onThisMachine: 4 },
  });
  expect(seatOf({ PMI_RANK: '0', PMI_SIZE: '2' })).toEqual({ rank: 0, size: 2, onThisMachine: 1 });
  const slurm = { PMIX_RANK: '1', SLURM_NTASKS: '8', SLURM_TASKS_PER_NODE: '4(x2)' };
  expect(seatOf(slurm)).toEqual({ rank: 1, size: 8, onThisMachine: 4 });
  for (const wrong of ['', 'x', '-1'])
    expect(seatOf({ PMI_RANK: wrong, PMI_SIZE: '2' })).toBeUndefined();
  expect(seatOf({ PMI_RANK: '0', PMI_SIZE: '1' })).toBeUndefined();
  expect(seatOf({ PMI_RANK: '2', PMI_SIZE: '2' })).toBeUndefined();
});

test('messages are passed in small pieces only between machines', () => {
  const whole = 2 ** 30;
  expect(pieceBytes({})).toBe(whole);
  expect(pieceBytes({ PMI_RANK: '0', PMI_SIZE: '2', MPI_LOCALNRANKS: '2' })).toBe(whole);
  expect(pieceBytes({ PMI_RANK: '0', PMI_SIZE: '2', MPI_LOCALNRANKS: '1' })).toBeLessThan(65536);
});

test("the launcher's own library is tried first, and none is an error that says what to install", () => {
  expect(candidates({ OMPI_COMM_WORLD_SIZE: '2' }, 'linux')[0].path).toBe('libmpi.so.40');
  expect(candidates({ PMI_SIZE: '2' }, 'linux')[0].path).toBe('libmpich.so.12');
  expect(candidates({ CHARNN_MPI: '/opt/libmpi_abi.so' })).toEqual([
    { path: '/opt/libmpi_abi.so', isStandard: true },
  ]);
  expect(() => loadLibrary({ load: () => undefined }, candidates({}))).toThrow(/install/);
  const load = (_: string, isStandard: boolean) =>
    isStandard ? 'MPICH Version:\t5.0.1\nMPICH Release' : undefined;
  expect(loadLibrary({ load }, candidates({ PMI_SIZE: '2' }))).toBe('MPICH 5.0.1');
});

test('as many threads train in each process, and none without a row', () => {
  const two = { total: 2, onThisMachine: 2 };
  expect(threadsOfAll(3, 50, two)).toBe(6);
  expect(threadsOfAll(8, 5, two)).toBe(4);
  expect(() => threadsOfAll(1, 1, two)).toThrow(/2 processes cannot share a batch of 1/);
});

/** Processes in one: each calls `exchange`, and the last one passes everything on. */
function madeUp(size: number) {
  const calls: { sent: readonly unknown[]; received: readonly unknown[] }[] = [];
  const bytes = (x: unknown) => {
    const { buffer, byteOffset, byteLength } = x as Float32Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  return (rank: number) => ({
    exchange(_: number, sent: readonly unknown[], received: readonly unknown[]) {
      calls[rank] = { sent, received };
      if (Object.keys(calls).length < size) return;
      calls.forEach((to, r) => {
        calls.forEach((from, s) => {
          const [what, place] = [from.sent[r], to.received[s]];
          if (what !== undefined || place !== undefined) bytes(place).set(bytes(what));
        });
      });
    },
  });
}

test('numbers of all processes come to all, each at its place', () => {
  const mpi = madeUp(3);
  const lists = [0, 1, 2].map((rank) => {
    const values = new Float64Array(6);
    values.set([rank + 0.5, -rank], 2 * rank);
    return values;
  });
  lists.forEach((values, rank) => {
    new Peers(mpi(rank), rank, 3).gatherNumbers(values);
  });
  for (const values of lists) expect([...values]).toEqual([0.5, -0, 1.5, -1, 2.5, -2]);
});

test('every process computes a sum in the order of the processes', async () => {
  // with these terms, another order of the additions has another result
  const terms = [1e8, 1.5, -1e8, 3].map((x) => Float32Array.of(x, 1, x / 3));
  const inOrder = terms[0].slice();
  for (const term of terms.slice(1)) for (const [i, x] of term.entries()) inOrder[i] += x;
  const { operations } = await openDevice('reference', 'f32');
  terms.forEach((own, rank) => {
    const mpi = {
      exchange(_: number, __: readonly Bytes[], received: readonly Bytes[]) {
        received.forEach((places, r) => {
          for (const [i, place] of ((places ?? []) as Float32Array[]).entries())
            place.set(terms[r].subarray(2 * i, 2 * i + place.length));
        });
      },
    };
    const pieces = [operations.tensor([2]), operations.tensor([1])];
    operations.write(pieces[0], own.subarray(0, 2));
    operations.write(pieces[1], own.subarray(2));
    new Peers(mpi, rank, terms.length).sum(
      operations,
      terms.map(() => pieces),
    );
    expect([...float32Elements(pieces[0]), ...float32Elements(pieces[1])]).toEqual([...inOrder]);
  });
});
