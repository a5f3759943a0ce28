/**
 * What loading a large text costs: makes one in a temporary folder, loads it in a process of its own and
 * prints seconds, MB/s and the peak of that process's memory.
 *
 *     npm run build && node test/bench/load-corpus.mjs [ascii|mixed|korean|binary] [megabytes] [nfc|nfd|…]
 *
 * `ascii` is English with 1-byte ids; `mixed` the same with a thousand other characters here and there,
 * so that ids are 2 bytes wide; `korean` is syllables of 3 bytes each; `binary` is loaded as bytes.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../temporary-folder.mjs';

const megabyte = 1_000_000;
const [kind = 'ascii', size = '1000', normalize] = process.argv.slice(2);

// the same script is the child process
if (kind === '--load') await load(...process.argv.slice(3));
else bench();

function bench() {
  const folder = makeFolder('charnn-load-');
  try {
    const path = join(folder, 'corpus.txt');
    write(path, Number(size) * megabyte);
    const unit = kind === 'binary' ? 'byte' : 'char';
    const script = fileURLToPath(import.meta.url);
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [script, '--load', path, unit, normalize ?? ''],
      { encoding: 'utf8' },
    );
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(path, bytes) {
  const file = openSync(path, 'w');
  const block = Buffer.from(sample(megabyte));
  for (let written = 0; written < bytes; ) {
    // a character may be cut at the end of the block, not between blocks
    const whole = kind === 'binary' ? block : block.subarray(0, block.lastIndexOf('\n') + 1);
    written += writeSync(file, whole);
  }
  closeSync(file);
}

/** About `bytes` bytes of text, or bytes. */
function sample(bytes) {
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  if (kind === 'binary') return Uint8Array.from({ length: bytes }, () => random(256));
  const words = Array.from({ length: 5000 }, () => word(random));
  let text = '';
  let length = 0;
  while (length < bytes) {
    const next = words[random(words.length)] + (random(12) === 0 ? '.\n' : ' ');
    text += next;
    length += kind === 'ascii' ? next.length : Buffer.byteLength(next);
  }
  return text;
}

function word(random) {
  const first = kind === 'korean' ? 0xac00 : 0x61;
  const count = kind === 'korean' ? 11172 : 26;
  const letters = Array.from({ length: 2 + random(7) }, () => first + random(count));
  if (kind === 'mixed' && random(5) === 0) letters.push(0x4e00 + random(1000));
  return String.fromCodePoint(...letters);
}

async function load(path, unit, form) {
  const { loadCorpus } = await import('../../dist/text/load-corpus.js');
  const started = performance.now();
  const corpus = await loadCorpus([path], {
    text: { unit, keepCr: false, ...(form ? { normalize: form } : {}) },
    minCount: 1,
    stdin: process.stdin,
  });
  const seconds = (performance.now() - started) / 1000;
  const { bytes, ids, vocabulary } = corpus;
  const speed = (bytes / megabyte / seconds).toFixed(0);
  const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.log(
    `${bytes} bytes, ${ids.length} characters, V ${vocabulary.size}, ${ids.BYTES_PER_ELEMENT} B an id: ` +
      `${seconds.toFixed(1)} s, ${speed} MB/s, peak ${peak} MiB`,
  );
}
