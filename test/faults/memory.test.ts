/** What cannot fit into the memory there is: said before it is taken. */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';

const folder = new Folder();
folder.write('text.txt', verses(4000));

test.each([
  [
    'a network too large for ulimit -d',
    'ulimit -d 1500000; charnn train text.txt --hidden 4096 --layers 4 --embedding 8 --steps 1 --threads 2',
    /^charnn: not enough memory for this training: [\d.]+ GiB are needed, but ulimit -d allows 1\.43 GiB; choose a smaller --hidden, [^\n]*--threads\n$/m,
  ],
  [
    'a file to compress that is larger than is taken at a time',
    'charnn compress huge > out',
    /^charnn: the file has 4500000000 bytes or more, but at most \d+ can be compressed at a time: split it [^\n]*\n$/,
  ],
  [
    'a file to compress that memory does not hold',
    'ulimit -d 2000000; charnn compress large > out',
    /^charnn: not enough memory for compressing 400000000 bytes: [^\n]*ulimit -d allows[^\n]*split it[^\n]*\n$/,
  ],
])('%s', async (_, line, message) => {
  for (const [name, bytes] of [
    ['huge', 4.5e9],
    ['large', 4e8],
  ] as const) {
    folder.write(name, '');
    truncateSync(join(folder.path, name), bytes);
  }
  const { status, stderr } = await folder.shell(line);
  expect(stderr).toMatch(message);
  expect(status).toBe(1);
});

test('a file whose fields would fill the heap of JavaScript is refused before they are parsed', async () => {
  const history = '{},'.repeat(4e6);
  folder.write(
    'head.json',
    `{"format":"charnn","version":1,"history":[${history}{}],"tensors":[]}`,
  );
  const small = "NODE_OPTIONS='--max-old-space-size=64'";
  const { status, stderr } = await folder.shell(`export ${small}; charnn inspect head.json`);
  expect(stderr).toMatch(
    /^charnn: not enough memory for the fields of head\.json other than its tensors: [^\n]* heap are needed[^\n]*\n$/,
  );
  expect(status).toBe(1);
});
