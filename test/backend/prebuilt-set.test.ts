/** A set of addons that is incomplete, changed or older than its sources is not packed. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { addonTargets } from '#charnn/backend/kernels/addon-targets.js';
import { kernels, PackageCopy, root } from './package-copy.js';

const built = join(root, kernels, 'prebuilt');
const copy = new PackageCopy([kernels, 'src/backend/kernels', 'src/cluster', 'package.json']);
const { prebuilt, list } = copy;

beforeEach(() => {
  copy.reset({ sources: 'other ones', addons: {} });
  for (const { file } of addonTargets) writeFileSync(join(prebuilt, file), 'an addon');
});

/** What is said of the set; nothing when it may be packed */
function check(): string {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(copy.path, kernels, 'prebuild.js'), '--check'],
    { encoding: 'utf8' },
  );
  expect(status).toBe(stderr === '' ? 0 : 1);
  return stderr;
}

test('npm pack checks the set last', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(scripts.prepack).toMatch(/prebuild:addons && node dist\S+prebuild\.js --check$/);
});

test.each(addonTargets.map(({ file }) => file))('without %s', (file) => {
  rmSync(join(prebuilt, file));
  expect(check()).toBe(
    `charnn: prebuilt addons are missing: ${file}; run npm run prebuild:addons\n`,
  );
});

test('without a list, as when the build was interrupted', () => {
  rmSync(list);
  expect(check()).toMatch(/^charnn: there is no readable list of the prebuilt addons, /);
});

test('older than the sources', () => {
  expect(check()).toBe(
    'charnn: the prebuilt addons are older than their sources; run npm run prebuild:addons\n',
  );
});

// where the compilers for all platforms are, and the set has been built
test.runIf(existsSync(join(built, 'addons.json')))('changed after it was built', () => {
  rmSync(prebuilt, { recursive: true });
  cpSync(built, prebuilt, { recursive: true });
  expect(check()).toBe('');
  const [{ file }] = addonTargets;
  const bytes = readFileSync(join(prebuilt, file));
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(join(prebuilt, file), bytes);
  expect(check()).toBe(
    `charnn: prebuilt addons are not as they were built: ${file}; run npm run prebuild:addons\n`,
  );
});
