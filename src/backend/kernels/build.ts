/**
 * A build step that compiles the kernels into dist/backend/kernels, as a native addon and as WebAssembly. Without a C
 * compiler the addon is left out with a message; that is not an error, because WebAssembly takes its place.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mpiSources } from './addon-targets.js';
import { compileNative } from './compile-native.js';
import { forwardExports, kernelExports } from './signature.js';
import { sourceNames } from './source-files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = join(root, 'src/backend/kernels');
const target = join(root, 'dist/backend/kernels');
const names = sourceNames(sources);

/** The kernels' sources as a nested folder of texts, as the compiler in WebAssembly expects them */
const sourceTree: Record<string, string | Record<string, string>> = {};
for (const name of names) {
  const text = readFileSync(join(sources, name), 'utf8');
  const [folder, inside] = name.split(sep);
  if (inside === undefined) sourceTree[name] = text;
  else sourceTree[folder] = { ...(sourceTree[folder] as object), [inside]: text };
}

/** Whether a built file is at least as new as all sources. */
function isUpToDate(file: string, more: readonly string[] = []): boolean {
  if (!existsSync(file)) return false;
  const built = statSync(file).mtimeMs;
  return [...names, ...more].every((name) => statSync(join(sources, name)).mtimeMs <= built);
}

async function buildNative(): Promise<void> {
  const file = join(target, 'charnn.node');
  const reasonFile = `${file}.missing`;
  if (isUpToDate(file, mpiSources)) return;
  rmSync(file, { force: true });
  rmSync(reasonFile, { force: true });
  const failure = await compileNative(sources, file);
  if (failure === undefined) return;
  if (process.env.CHARNN_BUILD_LOG) console.error(failure.log);
  // commands that run without the addon read from this file why it could not be compiled, and give the same reason
  writeFileSync(reasonFile, failure.reason);
  console.error(
    `charnn: there are no native kernels, so training will be slower: ${failure.reason}`,
  );
}

/** The static data of the WebAssembly module must end below this address, where the memory for tensors begins. */
const staticBytes = 65536;

const wasmFlags = [
  ...[
    '--target=wasm32',
    '-O3',
    '-std=gnu11',
    '-fno-math-errno',
    '-ffreestanding',
    '-nostdlib',
    '-I.',
  ],
  ...['-msimd128', '-mbulk-memory'],
  ...['--no-entry', '--import-memory', '--export=__stack_pointer', '--export=__heap_base'],
];

/** Linker flags for a memory that threads share */
const sharedFlags = ['-matomics', '--shared-memory', '--max-memory=4294967296'];

/**
 * @param kernels names of the kernels that the module exports
 * @param extra compiler and linker flags of this module, in addition to those of all modules
 */
async function buildWasm(
  name: string,
  kernels: readonly string[],
  extra: readonly string[],
): Promise<void> {
  const file = join(target, name);
  if (isUpToDate(file)) return;
  const { commands } = await import('@yowasp/clang');
  const flags = [...wasmFlags, ...extra, ...kernels.map((kernel) => `--export=${kernel}`)];
  const built = await commands.clang(
    [
      ...flags.map((flag) => (/^--(?!target)/.test(flag) ? `-Wl,${flag}` : flag)),
      ...['kernels.c', '-o', name],
    ],
    sourceTree,
    { fetchProgress: () => {} },
  );
  const bytes = built?.[name];
  if (!(bytes instanceof Uint8Array)) throw new Error(`clang made no ${name}`);
  // a JavaScript engine without relaxed SIMD cannot inspect a module that uses it, but its static data is the same as
  // that of the module without relaxed SIMD
  const shared = extra.includes('--shared-memory');
  const end = WebAssembly.validate(bytes) ? heapBase(bytes, shared) : 0;
  if (end > staticBytes) throw new Error(`static data of ${name} ends at ${end}`);
  writeFileSync(file, bytes);
}

function heapBase(bytes: Uint8Array, shared: boolean): number {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return (instance.exports.__heap_base as WebAssembly.Global).value;
}

mkdirSync(target, { recursive: true });
await buildNative();
await buildWasm('charnn.wasm', kernelExports, sharedFlags);
await buildWasm('charnn-relaxed.wasm', kernelExports, [...sharedFlags, '-mrelaxed-simd']);
// web pages have no shared memory, and each kind of memory needs a module of its own
await buildWasm('charnn-page.wasm', forwardExports, []);
