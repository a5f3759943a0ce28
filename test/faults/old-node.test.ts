/** An older Node.js than 20 is told so in one line, by every command and by the library. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { binary } from '../commands/run.js';

const library = new URL('../../dist/index.js', import.meta.url).href;
const words =
  'Node.js 20 or later is needed, but this is 18.20.8: install a newer one, for instance from https://nodejs.org';

/** Runs a script in a Node.js that takes itself for an old one. */
function inOldNode(script: string) {
  const versions = "{ value: { ...process.versions, node: '18.20.8' } }";
  return spawnSync(
    process.execPath,
    ['-e', `Object.defineProperty(process, 'versions', ${versions});\n${script}`],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  );
}

test.each(['train', 'sample', '--version'])('charnn %s', (command) => {
  const { status, stdout, stderr } = inOldNode(
    `process.argv = [process.execPath, 'charnn', ${JSON.stringify(command)}]; require(${JSON.stringify(binary)});`,
  );
  expect([status, stdout, stderr]).toEqual([1, '', `charnn: ${words}\n`]);
});

test('the library', () => {
  const { status, stdout } = inOldNode(
    `import(${JSON.stringify(library)}).catch((error) => console.log(error.message));`,
  );
  expect([status, stdout]).toEqual([0, `charnn: ${words}\n`]);
});
