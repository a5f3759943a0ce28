/**
 * The whole table of kernel cases on every back end of a platform, under plain Node.js or Bun: a test runner is not
 * needed. `run.mjs` bundles it, with the checkout's modules, into the installed package, whose addons and WebAssembly
 * it then takes. For each back end it prints a line of JSON with the number of cases, what went wrong, and a hash of
 * everything computed, by which WebAssembly on two processors is compared.
 */
import { createHash } from 'node:crypto';
import { kernelCases } from '../backend/kernel-cases.js';
import { machines } from '../backend/machines.js';
import { rowsOfOtherBits } from '../backend/row-bits.js';
import { casesIn, firstDifference, runCase } from '../backend/run-case.js';

/** A not-a-number has bits of its own on each kind of processor, which mean nothing. */
function canonical(values: Float32Array | Float64Array): Float32Array {
  return Float32Array.from(values, (x) => (Number.isNaN(x) ? Number.NaN : x));
}

let failed = false;
for (const [name, makeMachine, precision] of machines) {
  const hash = createHash('sha256');
  const problems: string[] = [];
  for (const c of casesIn(precision, kernelCases)) {
    const computed = await runCase(makeMachine(), c, precision);
    for (const [, values] of computed.outputs) hash.update(canonical(values));
    const difference = await firstDifference(c, computed, precision);
    if (difference !== undefined) problems.push(`${c.name}: ${difference}`);
    if (computed.overrun.length > 0) problems.push(`${c.name}: writes beyond ${computed.overrun}`);
  }
  for (const product of rowsOfOtherBits(makeMachine().backend)) {
    problems.push(`a row has other bits: ${product}`);
  }
  failed ||= problems.length > 0;
  const sha256 = hash.digest('hex');
  console.log(
    JSON.stringify({ name, cases: casesIn(precision, kernelCases).length, problems, sha256 }),
  );
}
process.exitCode = failed ? 1 : 0;
