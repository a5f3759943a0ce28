/**
 * Runs kernel cases in fenced memory; a process of its own, since a fault ends it. What it is about to do goes
 * to standard output, a line each, so that the last line tells where it ended.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { precisionNames } from '#charnn/backend/device.js';
import type { NativeAddon } from '#charnn/backend/native.js';
import { casesIn, firstDifference, runCase } from '../backend/run-case.js';
import { casesOf, type Extent } from './edge-cases.js';
import { Arena, type Fences, type Fencing, fencedMachine } from './fenced.js';

/** What a driver is told, as JSON in its first argument. */
export interface Orders {
  readonly fences: string;
  readonly fencing: Fencing;
  /** Addons, and what their levels are called; all of an addon's levels where nothing is said */
  readonly addons: readonly {
    readonly path: string;
    readonly levels?: Readonly<Record<string, string>>;
  }[];
  readonly extent: Extent;
  /** Whether results are compared with the reference's, which takes most of the time of large cases */
  readonly compare: boolean;
  /** Where given, a case is run if its name begins with one of these. */
  readonly only?: readonly string[];
  /** Calls of the list that are passed over */
  readonly from: number;
}

const load = createRequire(import.meta.url);
const orders = JSON.parse(process.argv[2]) as Orders;
const say = (line: string) => writeSync(1, `${line}\n`);

const addons = orders.addons.map(({ path, levels }) => ({
  addon: load(path) as NativeAddon,
  levels,
}));
const levels = addons.flatMap(({ addon, levels: names }) =>
  precisionNames.flatMap((precision) =>
    addon
      .levels(precision)
      .filter((level) => names === undefined || Object.hasOwn(names, level))
      .map((level) => ({
        ...{ name: names?.[level] ?? level, precision },
        ...{ addon, kernels: addon.open(level) },
      })),
  ),
);
const arena = new Arena(load(orders.fences) as Fences, orders.fencing);
const { only, compare } = orders;
const cases = casesOf(orders.extent).filter(
  ({ name }) => only === undefined || only.some((start) => name.startsWith(start)),
);

let index = 0;
for (const c of cases) {
  for (const { name, precision, addon, kernels } of levels) {
    if (index++ < orders.from) continue;
    if (casesIn(precision, [c]).length === 0) continue;
    say(`call ${name} | ${c.name}`);
    arena.countFor(addon);
    const computed = await runCase(fencedMachine(arena, kernels), c, precision);
    arena.clear();
    const difference = compare ? await firstDifference(c, computed, precision) : undefined;
    if (difference !== undefined) say(`wrong ${name} | ${c.name}: ${difference}`);
  }
}
arena.end();
say('end');
