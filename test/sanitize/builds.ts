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

/** The kernels of AVX-512 on a processor that may not have it */
const emulated = {
  [standIns.emulated]: 'avx512, emulated',
  [standIns.emulatedbf16]: 'avx512bf16, emulated',
};
const emulatedLevels = ['emulated', 'emulatedbf16'] as const;

/** With AddressSanitizer and UndefinedBehaviorSanitizer. In short the processor's own AVX-512 is left out. */
export async function sanitizedBuild(
  workshop: Workshop,
  extent: Extent,
): Promise<Omit<Orders, 'from'>> {
  const levels =
    extent === 'long'
      ? levelsOfArchitecture
      : levelsOfArchitecture.filter((level) => !level.startsWith('avx512'));
  const common = { sanitize: extent, optimise: '-O1' } as const;
  const path = await workshop.addon({ ...common, name: 'sanitized', levels });
  const own = Object.fromEntries(levels.map((level) => [level, level as string]));
  const addons: Orders['addons'][number][] = [{ path, levels: own }];
  if (extent === 'long') {
    const wide = await workshop.addon({ ...common, name: 'wide', levels: emulatedLevels });
    addons.push({ path: wide, levels: emulated });
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

/** The addon of this checkout between closed pages, in long with the emulated level too. */
export async function pagedBuilds(
  workshop: Workshop,
  extent: Extent,
): Promise<Omit<Orders, 'from'>[]> {
  const addons: Orders['addons'][number][] = [{ path: shipped }];
  if (extent === 'long') {
    const recipe = { name: 'wide-plain', optimise: '-O1', levels: emulatedLevels } as const;
    addons.push({ path: await workshop.addon(recipe), levels: emulated });
  }
  const fences = await workshop.fences(false);
  const fencings: Fencing[] = ['page behind', 'page before'];
  // the results have been compared with sanitizers
  return fencings.map((fencing) => ({ fences, fencing, addons, extent, compare: false }));
}
