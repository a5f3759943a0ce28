/** The builds that every kernel case is run on: with sanitizers, and as shipped, between closed pages. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Orders } from './driver.js';
import type { Extent } from './edge-cases.js';
import type { Fencing } from './fenced.js';
import { levelsOfArchitecture, standIns, type Workshop } from './toolchain.js';

const [root] = fileURLToPath(import.meta.url).split(join('test', 'sanitize'));
/** As the build of this checkout left it */
export const shipped = join(root, 'dist/backend/kernels/charnn.node');

/** The kernels of AVX-512 and of AMX on a processor that may not have them: addons, and what their levels are called */
const emulated = [
  {
    name: 'wide',
    levels: ['emulated', 'emulatedbf16'],
    names: {
      [standIns.emulated]: 'avx512, emulated',
      [standIns.emulatedbf16]: 'avx512bf16, emulated',
    },
  },
  {
    name: 'tiles',
    levels: ['emulatedamx'],
    names: { [standIns.emulatedamx]: 'amxbf16, emulated' },
  },
] as const;

/** With AddressSanitizer and UndefinedBehaviorSanitizer. In short the processor's own AVX-512 and AMX are left out. */
export async function sanitizedBuild(
  workshop: Workshop,
  extent: Extent,
): Promise<Omit<Orders, 'from'>> {
  const levels =
    extent === 'long'
      ? levelsOfArchitecture
      : levelsOfArchitecture.filter((level) => !/^(avx512|amx)/.test(level));
  const common = { sanitize: extent, optimise: '-O1' } as const;
  const path = await workshop.addon({ ...common, name: 'sanitized', levels });
  const own = Object.fromEntries(levels.map((level) => [level, level as string]));
  const addons: Orders['addons'][number][] = [{ path, levels: own }];
  if (extent === 'long') {
    for (const { names, ...recipe } of emulated) {
      addons.push({ path: await workshop.addon({ ...common, ...recipe }), levels: names });
    }
  }
  // in short the kernels' test compares the results
  return {
    fences: await workshop.fences(true),
    fencing: 'poison',
    addons,
    extent,
    compare: extent === 'long',
  };
}

/** The addon of this checkout between closed pages, in long with the emulated levels too. */
export async function pagedBuilds(
  workshop: Workshop,
  extent: Extent,
): Promise<Omit<Orders, 'from'>[]> {
  const addons: Orders['addons'][number][] = [{ path: shipped }];
  if (extent === 'long') {
    for (const { name, levels, names } of emulated) {
      const recipe = { name: `${name}-plain`, optimise: '-O1', levels };
      addons.push({ path: await workshop.addon(recipe), levels: names });
    }
  }
  const fences = await workshop.fences(false);
  const fencings: Fencing[] = ['page behind', 'page before'];
  // the results have been compared with sanitizers
  return fencings.map((fencing) => ({ fences, fencing, addons, extent, compare: false }));
}
