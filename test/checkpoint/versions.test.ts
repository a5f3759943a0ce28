/** Files that earlier versions of charnn wrote; test/fixtures/versions/make.mjs says how they came about. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { namedTensors } from '#charnn/model/model-data.js';
import { Folder } from '../commands/run.js';

const fixtures = fileURLToPath(new URL('../fixtures/versions/', import.meta.url));
const text = readFileSync(join(fixtures, 'text.txt'));
const thrice = Buffer.concat([text, text, text]);

type Hashes = Readonly<Record<string, string>>;

/** What the build that wrote the files said of them */
interface Recorded {
  /** With its variant: the other one rounds differently */
  readonly backend: string;
  /** Of the model on the text, in nats per character */
  readonly loss: number;
  readonly model: Hashes;
  readonly state: Hashes;
  /** State and model after the training was resumed for ten more steps */
  readonly resumed: Hashes;
  readonly resumedModel: Hashes;
}

function hash(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

async function modelHashes(path: string): Promise<Hashes> {
  const tensors = namedTensors(await readModel(path));
  return Object.fromEntries(
    tensors.map(({ parameter, values }) => [parameter.name, hash(Float32Array.from(values))]),
  );
}

/** In the order of the names that were recorded */
async function stateHashes(path: string, names: readonly string[]): Promise<Hashes> {
  const { weights, moments, average, hidden } = await readState(path);
  const lists = [weights, ...moments, ...(average ? [average] : []), ...hidden.flat()];
  expect(lists).toHaveLength(names.length);
  return Object.fromEntries(names.map((name, i) => [name, hash(lists[i])]));
}

describe.each(['v1', 'v2', 'v3'])('%s', (version) => {
  describe.each(['reference', 'wasm'])('%s', (backend) => {
    const folder = join(fixtures, version, backend);
    const model = join(folder, 'model.json');
    const recorded: Recorded = JSON.parse(readFileSync(join(folder, 'recorded.json'), 'utf8'));

    const compressed = [
      { kind: 'with the model', name: 'model.cz', options: ['-m', model], content: text },
      ...(backend === 'reference'
        ? [{ kind: 'by storing', name: 'stored.cz', options: [], content: text }]
        : [{ kind: 'with a fresh model', name: 'fresh.cz', options: [], content: thrice }]),
    ];

    test('the files are of this version', () => {
      const number = Number(version.slice(1));
      for (const name of ['model.json', 'state.json']) {
        expect(JSON.parse(readFileSync(join(folder, name), 'utf8')).version).toBe(number);
      }
      for (const { name } of compressed) {
        const file = readFileSync(join(folder, name));
        expect(JSON.parse(file.toString('utf8', 12, 12 + file.readUInt32LE(8))).version).toBe(
          number,
        );
      }
    });

    test('model and state are read, tensor by tensor', async () => {
      expect(await modelHashes(model)).toEqual(recorded.model);
      const names = Object.keys(recorded.state);
      expect(await stateHashes(join(folder, 'state.json'), names)).toEqual(recorded.state);
    });

    test('the model is evaluated to the loss that was recorded', async () => {
      const work = new Folder();
      const args = ['eval', '-m', model, work.write('text.txt', text), '--backend', backend];
      const { status, stdout, stderr } = await work.run([...args, '--json']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(Math.abs(JSON.parse(stdout).loss / recorded.loss - 1)).toBeLessThan(1e-6);
    });

    test('the training is resumed to the state and the model that were recorded', async () => {
      const work = new Folder();
      work.write('text.txt', text);
      work.write('charnn.json', readFileSync(model));
      work.write('charnn.state.json', readFileSync(join(folder, 'state.json')));
      const args = ['train', 'text.txt', '--resume', '--steps', '30', '--json'];
      const { status, stdout } = await work.run(args);
      expect(status).toBe(0);
      const start = stdout.split('\n').find((line) => line.includes('"type":"start"')) ?? '';
      const used = JSON.parse(start).backend;
      const names = Object.keys(recorded.resumed);
      const resumed = await stateHashes(join(work.path, 'charnn.state.json'), names);
      expect(used.split(' ')[0]).toBe(backend);
      // relaxed SIMD, which a later Node.js has, rounds differently from the plain one
      if (used !== recorded.backend) return;
      expect(resumed).toEqual(recorded.resumed);
      expect(await modelHashes(join(work.path, 'charnn.json'))).toEqual(recorded.resumedModel);
    });

    test.each(compressed)('what was compressed $kind is restored', async (file) => {
      const { name, options, content } = file;
      const args = ['decompress', join(folder, name), ...options];
      const { status, stdoutBytes, stderr } = await new Folder().run(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdoutBytes.equals(content)).toBe(true);
    });
  });
});
