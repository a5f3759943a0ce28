/**
 * Run by a launcher in two processes: how long an exchange of the processes takes, for a message of a few bytes and for
 * each byte of a large one, and how long it takes to collect and distribute the pieces of such a message. It prints
 * JSON.
 */
import { openDevice } from '../../dist/backend/open-device.js';
import { leaveTogether } from '../../dist/cluster/farewell.js';
import { pieceBytes, setUpUcx } from '../../dist/cluster/launcher.js';
import { loadLibrary, mpiOfAddon, tag } from '../../dist/cluster/mpi.js';
import { Peers } from '../../dist/cluster/peers.js';

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
const { operations } = await openDevice('native', 'f32');
const peers = new Peers(mpi, rank, size);
const pieces = Array.from({ length: size }, () => [operations.tensor([bytes / 4])]);

const latency = secondsOf(exchangeOf(8), 400);
const large = secondsOf(exchangeOf(bytes), 40);
const whole = secondsOf(() => peers.gather(pieces), 40);
const perByte = (seconds) => Math.max(0, seconds / bytes);
const result = {
  latency,
  secondsPerByte: perByte(large - latency),
  copying: perByte(whole - large),
};
if (rank === 0) process.stdout.write(`${JSON.stringify(result)}\n`);
await leaveTogether(mpi, rank, size);
