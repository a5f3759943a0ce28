/**
 * Contents of many kinds, compressed and restored by `charnn` with no model given: whether the very same
 * bytes come back, how many it takes, beside xz and bzip2, and the seconds. The log takes many minutes each
 * way, the book some.
 *
 *     node test/bench/compress.mjs [name ...]     book, nothing, random, program, korean, log
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Random } from '#charnn/model/random.js';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const require = createRequire(import.meta.url);

/** A server's log, of random requests */
function log(size) {
  const random = new Random(1);
  const below = (n) => Math.floor(random.uniform() * n);
  const one = (list) => list[below(list.length)];
  const content = Buffer.alloc(size);
  let time = Date.UTC(2024, 0, 1);
  for (let at = 0; at < size; ) {
    time += below(2000);
    const client = `10.0.${below(4)}.${below(256)}`;
    const path = `/${one(['api', 'static', 'user'])}/${one(['list', 'item', 'edit'])}/${below(1000)}`;
    const line = `${new Date(time).toISOString()} ${client} ${one(['GET', 'GET', 'POST'])} ${path} ${one([200, 200, 200, 304, 404, 500])} ${below(5000)}\n`;
    at += content.write(line, at);
  }
  return content;
}

function koreanMessages() {
  const path = require.resolve('typescript-5.4/lib/ko/diagnosticMessages.generated.json');
  return Buffer.from(Object.values(JSON.parse(readFileSync(path, 'utf8'))).join('\n'));
}

const contents = {
  book: () => readFileSync(new URL('../../data/moby-dick.txt', import.meta.url)),
  nothing: () => Buffer.alloc(0),
  random: () => randomBytes(100_000),
  // the beginning holds tables, the middle machine code
  program: () => readFileSync(process.execPath).subarray(20_000_000, 20_200_000),
  korean: koreanMessages,
  log: () => log(10e6),
};

function timed(command, args, input) {
  const start = performance.now();
  const output = execFileSync(command, args, { input, maxBuffer: 2 ** 30 });
  return { output, seconds: ((performance.now() - start) / 1000).toFixed(1) };
}
const charnn = (args, input) => timed(process.execPath, [binary, ...args], input);

const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : Object.keys(contents)) {
  const content = contents[name]();
  const bits = (bytes) => (content.length > 0 ? (8 * bytes) / content.length : 0).toFixed(3);
  const packed = charnn(['compress', '-q'], content);
  const restored = charnn(['decompress'], packed.output);
  const same = restored.output.equals(content);
  console.log(
    `${name}: ${content.length} bytes to ${packed.output.length}, ${bits(packed.output.length)} bits per byte, in ${packed.seconds} s; ${same ? 'the same' : 'OTHER'} bytes back in ${restored.seconds} s`,
  );
  for (const [other, level] of [
    ['xz', '-9e'],
    ['bzip2', '-9'],
  ]) {
    const { output, seconds } = timed(other, [level, '-c'], content);
    console.log(`  ${other} ${level}: ${output.length}, ${bits(output.length)}, in ${seconds} s`);
  }
  if (!same) process.exitCode = 1;
}
