/** The long form: every build, one after the other, and a table of what was run and found. */
import { pagedBuilds, sanitizedBuild } from './builds.js';
import type { Extent } from './edge-cases.js';
import { bundleFolder, Driver } from './runs.js';
import { findSanitizers, Workshop } from './toolchain.js';

const extent: Extent = process.argv.includes('--short') ? 'short' : 'long';
const sanitizers = findSanitizers();
if ('missing' in sanitizers) {
  console.error(`the kernels cannot be checked here: ${sanitizers.missing}`);
  process.exit(1);
}
const workshop = new Workshop();
const folder = bundleFolder.make();
let found = 0;
try {
  const driver = await Driver.bundle(folder, sanitizers.preload);
  const makers = [
    ...(process.argv.includes('--pages')
      ? []
      : [async () => [await sanitizedBuild(workshop, extent)]]),
    () => pagedBuilds(workshop, extent),
  ];
  for (const make of makers) {
    for (const orders of await make()) {
      const start = Date.now();
      const { cases, findings } = await driver.run(orders);
      const counts = [...cases].map(([level, count]) => `${level} ${count}`).join('; ');
      const seconds = ((Date.now() - start) / 1000).toFixed(0);
      console.log(`${orders.fencing}: cases of ${counts || 'no level'}, in ${seconds} s`);
      for (const { level, name, what } of findings) console.log(`  ${level}, ${name}: ${what}`);
      found += findings.length;
    }
  }
} finally {
  workshop.remove();
  bundleFolder.remove(folder);
}
console.log(found === 0 ? 'nothing was found' : `${found} findings`);
process.exitCode = found === 0 ? 0 : 1;
