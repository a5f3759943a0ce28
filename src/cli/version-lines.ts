/** The output of `charnn --version`, with enough details of the machine for a bug report. */
import { cpus } from 'node:os';
import { openDevice } from '../backend/open-device.js';
import { usableCores } from '../machine/cores.js';
import { printable } from '../messages/quote.js';
import { version } from '../version.js';

export async function versionLines(): Promise<string[]> {
  const device = await openDevice();
  const { name, note } = device;
  device.close();
  const cores = usableCores();
  // some systems do not report the name of the processor
  const processor = printable(cpus()[0]?.model.trim() || 'unknown');
  return [
    `charnn ${version}`,
    `back end   ${name}${note === undefined ? '' : `; ${printable(note)}`}`,
    `processor  ${processor}, ${cores} core${cores === 1 ? '' : 's'}`,
    `Node.js    ${process.versions.node}, ${process.platform} ${process.arch}`,
  ];
}
