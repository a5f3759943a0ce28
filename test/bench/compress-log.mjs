/**
 * A generated server log, compressed and restored by `charnn`: whether the bytes come back, how many it
 * takes, and the seconds. Ten megabytes take many minutes each way.
 *
 *     node test/bench/compress-log.mjs [megabytes, 10]
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Random } from '#charnn/model/random.js';

const size = Number(process.argv[2] ?? 10) * 1e6;
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const random = new Random(1);
const below = (n) => Math.floor(random.uniform() * n);
const one = (list) => list[below(list.length)];

const log = Buffer.alloc(size);
let time = Date.UTC(2024, 0, 1);
for (let at = 0; at < size; ) {
  time += below(2000);
  const client = `10.0.${below(4)}.${below(256)}`;
  const path = `/${one(['api', 'static', 'user'])}/${one(['list', 'item', 'edit'])}/${below(1000)}`;
  const line = `${new Date(time).toISOString()} ${client} ${one(['GET', 'GET', 'POST'])} ${path} ${one([200, 200, 200, 304, 404, 500])} ${below(5000)}\n`;
  at += log.write(line, at);
}

function timed(command, input) {
  const start = performance.now();
  const output = execFileSync(process.execPath, [binary, ...command], {
    input,
    maxBuffer: 2 * size + 1e6,
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return { output, seconds };
}

const packed = timed(['compress', '-q'], log);
console.log(`${size} bytes to ${packed.output.length} in ${packed.seconds} s`);
const restored = timed(['decompress'], packed.output);
const same = restored.output.equals(log);
console.log(`${same ? 'the same bytes back' : 'OTHER BYTES BACK'} in ${restored.seconds} s`);
process.exitCode = same ? 0 : 1;
