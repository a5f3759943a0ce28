/**
 * An addon that cannot be used: the command says in a true sentence why, with what helps, and goes on in
 * WebAssembly. The files are those of a package as it is installed: without sources, and without an addon that was
 * compiled on the machine.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { put, temporaryFolder } from '../folder.js';
import { kernels, PackageCopy, root } from './package-copy.js';

const compiled = join(root, kernels, 'charnn.node');
const copy = new PackageCopy(['bin', 'dist', 'package.json', 'data']);
const { prebuilt } = copy;
const folder = temporaryFolder();
put(folder, 'text.txt', 'a text to be read again and again\n'.repeat(60));
const here = `${process.platform}-${process.arch}.node`;
const path = join(prebuilt, here);
const bytes = existsSync(compiled) ? readFileSync(compiled) : Buffer.alloc(0);

/** First bytes of addons of all platforms, and the place of the rest */
const headers: Readonly<Record<string, Buffer>> = {
  'linux-x64': elf(62),
  'linux-arm64': elf(183),
  'darwin-x64': machO(0x01000007),
  'darwin-arm64': machO(0x0100000c),
  'win32-x64': portable(0x8664),
  'win32-arm64': portable(0xaa64),
};

function elf(machine: number): Buffer {
  const header = Buffer.alloc(8192);
  header.writeUInt32BE(0x7f454c46);
  header.writeUInt16LE(machine, 18);
  return header;
}

function machO(processor: number): Buffer {
  const header = Buffer.alloc(8192);
  header.writeUInt32LE(0xfeedfacf);
  header.writeUInt32LE(processor, 4);
  return header;
}

function portable(machine: number): Buffer {
  const header = Buffer.alloc(8192);
  header.write('MZ');
  header.writeUInt32LE(128, 60);
  header.write('PE\0\0', 128);
  header.writeUInt16LE(machine, 132);
  return header;
}

beforeEach(() => copy.reset({ addons: { [here]: { bytes: bytes.length } } }));

/** Trains a little; returns what was said. */
function train(...more: readonly string[]) {
  const small = ['--steps', '2', '--hidden', '4', '--batch-size', '2', '--seq-length', '4'];
  const words = [
    'train',
    'text.txt',
    ...small,
    '--threads',
    '1',
    '-f',
    '-o',
    'model.json',
    ...more,
  ];
  return spawnSync(process.execPath, [join(copy.path, 'bin/charnn.js'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, CHARNN_BACKEND: undefined },
  });
}

/** What is said of a training that goes on in WebAssembly */
function reasonGiven(): string {
  const { status, stderr } = train();
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/wasm \((simd|relaxed)\)$/m);
  return /using wasm \(\w+\): native is missing \((.*)\)/.exec(stderr)?.[1] ?? '';
}

test.runIf(bytes.length > 0)('the addon of the package is taken', () => {
  writeFileSync(path, bytes);
  expect(train().stderr).toMatch(/native \(\w+\)$/m);
});

describe('without a usable addon', () => {
  test.each(Object.keys(headers).filter((name) => `${name}.node` !== here))(
    'that of %s',
    (name) => {
      writeFileSync(path, headers[name]);
      expect(reasonGiven()).toBe(
        `${path} was made for ${name}, not for ${process.platform}-${process.arch}: install charnn again`,
      );
    },
  );

  test.runIf(bytes.length > 0).each([100, 5000, -1])('cut off at %i bytes', (end) => {
    const rest = bytes.subarray(0, end);
    writeFileSync(path, rest);
    expect(reasonGiven()).toBe(
      `${path} is cut off, at ${rest.length} of ${bytes.length} bytes: install charnn again`,
    );
  });

  test('empty', () => {
    writeFileSync(path, '');
    expect(reasonGiven()).toBe(`${path} is empty: install charnn again`);
  });

  test('something else', () => {
    writeFileSync(path, 'no addon at all\n'.repeat(1000));
    expect(reasonGiven()).toBe(`${path} is damaged: install charnn again`);
  });

  test('missing', () => {
    expect(reasonGiven()).toBe(`${path} is missing: install charnn again`);
  });

  test('a damaged list', () => {
    writeFileSync(copy.list, '{ "addons"');
    expect(reasonGiven()).toMatch(/addons\.json is damaged: install charnn again$/);
  });

  test('a folder in its place', () => {
    mkdirSync(path);
    expect(reasonGiven()).toMatch(/: install charnn again$/);
  });

  test('on a platform that none is made for nothing is said', () => {
    copy.write({ addons: {} });
    const { status, stderr } = train();
    expect(status, stderr).toBe(0);
    expect(stderr).not.toMatch(/native|missing/);
    expect(train('--backend', 'native').stderr).toContain(
      `charnn has no native kernels for ${process.platform} on ${process.arch}`,
    );
  });
});

describe('a checkout whose addon could not be compiled', () => {
  const missing = join(copy.path, kernels, 'charnn.node.missing');

  test.runIf(process.platform !== 'win32')('says what the build has found out', () => {
    rmSync(prebuilt, { recursive: true });
    const sources = join(root, 'src/backend/kernels');
    const module = JSON.stringify(join(root, kernels, 'compile-native.js'));
    const script = `import { compileNative } from ${module};
      console.log(JSON.stringify(await compileNative(...process.argv.slice(1))));`;
    const compile = (compiler: string) =>
      JSON.parse(
        execFileSync(
          process.execPath,
          ['--input-type=module', '-e', script, sources, join(folder, 'charnn.node')],
          { env: { ...process.env, CC: compiler }, encoding: 'utf8' },
        ),
      ).reason as string;
    const fake = (name: string, says: string) => {
      const file = put(
        folder,
        name,
        `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "${says}" >&2\nexit 1\n`,
      );
      execFileSync('chmod', ['+x', file]);
      return file;
    };
    const none = compile(join(folder, 'no-compiler'));
    expect(none).toMatch(/^no C compiler was found .* npm run build$/);
    expect(compile(fake('headless', 'a.c:1:10: fatal error: string.h: No such file'))).toMatch(
      /cannot find the header string\.h: .* libc6-dev, and run npm run build$/,
    );
    expect(compile(fake('failing', 'internal compiler error'))).toMatch(
      /could not compile the native kernels: run CHARNN_BUILD_LOG=1 npm run build to see why/,
    );
    writeFileSync(missing, none);
    expect(reasonGiven()).toBe(none);
    rmSync(missing);
    expect(reasonGiven()).toBe('the native kernels have not been compiled: run npm run build');
  });
});
