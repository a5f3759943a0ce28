/**
 * Run by a launcher in two processes: how long an exchange of the processes takes, for a message of a few bytes and for
 * each byte of a large one. It prints JSON.
 */
import { leaveTogether } from '../../dist/cluster/farewell.js';
import { pieceBytes, setUpUcx } from '../../dist/cluster/launcher.js';
import { loadLibrary, mpiOfAddon, tag } from '../../dist/cluster/mpi.js';

setUpUcx(process.env);
const mpi = mpiOfAddon();
loadLibrary(mpi);
const [rank, size] = mpi.initialize(pieceBytes(process.env));
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

function secondsOf(work, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    work();
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

function exchangeOf(bytes) {
  const [out, into] = [new Uint8Array(bytes), new Uint8Array(bytes)];
  const of = (array) => Array.from({ length: size }, (_, r) => (r === rank ? undefined : array));
  return () => mpi.exchange(tag.exchange, of(out), of(into));
}

const bytes = 4e6;

const latency = secondsOf(exchangeOf(8), 400);
const large = secondsOf(exchangeOf(bytes), 40);
const result = { latency, secondsPerByte: Math.max(0, (large - latency) / bytes) };
if (rank === 0) process.stdout.write(`${JSON.stringify(result)}\n`);
await leaveTogether(mpi, rank, size);
