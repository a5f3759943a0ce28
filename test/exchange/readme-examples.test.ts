/** README.md's programs in JavaScript that load exported models run as written. */
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { put } from '../folder.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const programs = [...readme.matchAll(/^```javascript\n([\s\S]*?)^```$/gm)].map(([, code]) => code);

test('README.md’s programs that load exported models run as written', async () => {
  const folder = new Folder();
  expect((await folder.train(`This and That. ${verses(3000)}`, '-q')).status).toBe(0);
  for (const format of ['safetensors', 'onnx']) {
    expect((await folder.run(['export', '--format', format])).status).toBe(0);
  }
  symlinkSync(
    fileURLToPath(new URL('../../node_modules', import.meta.url)),
    join(folder.path, 'node_modules'),
  );
  const outputs = programs.map((code) => {
    const file = put(folder.path, 'example.mjs', code);
    return execFileSync(process.execPath, [file], { cwd: folder.path, encoding: 'utf8' });
  });
  expect(outputs).toEqual([
    expect.stringMatching(/^embedding\.weight \[ \d+, 4 \]\n[\s\S]+Float32Array/),
    expect.stringMatching(/^T[\s\S]{199,}$/),
  ]);
});
