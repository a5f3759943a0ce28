/** Runs of the driver over builds of the kernels, and what they find. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { makeFolder } from '../temporary-folder.mjs';
import type { Orders } from './driver.js';

export interface Finding {
  readonly level: string;
  readonly name: string;
  readonly what: string;
}

export interface Outcome {
  /** Kernel cases that were run, by level */
  readonly cases: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

/** After so many faults a run is given up. */
const maxFaults = 10;

const [root] = fileURLToPath(import.meta.url).split(join('test', 'sanitize'));

/** The driver as one file of JavaScript, until it is removed. It lies in the checkout, whose modules it imports. */
export class Driver {
  private processes = 0;

  private constructor(
    private readonly folder: string,
    private readonly preload: string,
  ) {}

  /** @param preload of AddressSanitizer */
  static async bundle(folder: string, preload: string): Promise<Driver> {
    await build({
      input: join(root, 'test/sanitize/driver.ts'),
      platform: 'node',
      external: /^#charnn\//,
      logLevel: 'warn',
      output: { file: join(folder, 'driver.mjs'), format: 'es' },
    });
    return new Driver(folder, preload);
  }

  /** Runs all cases, going on after each one that ends the process. */
  async run(orders: Omit<Orders, 'from'>): Promise<Outcome> {
    const cases = new Map<string, number>();
    const findings: Finding[] = [];
    let from = 0;
    for (let faults = 0; faults < maxFaults; faults++) {
      const { lines, errors, ended } = await this.process({ ...orders, from });
      for (const line of lines) {
        const [, kind, level, rest] = line.match(/^(call|wrong) (.*?) \| (.*)$/) ?? [];
        if (kind === 'call') cases.set(level, (cases.get(level) ?? 0) + 1);
        if (kind === 'call') from++;
        if (kind !== 'wrong') continue;
        const [name, what] = rest.split(': ');
        findings.push({ level, name, what });
      }
      if (lines.at(-1) === 'end' && ended === 'code 0') return { cases, findings };
      const [, level = '', name = ''] = lines.at(-1)?.match(/^call (.*?) \| (.*)$/) ?? [];
      findings.push({ level, name, what: cause(errors) ?? `the process ended with ${ended}` });
      // before the first call, or after the last, nothing can be passed over
      if (name === '') break;
    }
    return { cases, findings };
  }

  private async process(orders: Orders) {
    const number = this.processes++;
    const files = ['calls', 'errors'].map((name) => join(this.folder, `${name}-${number}.txt`));
    const [calls, errors] = files.map((file) => openSync(file, 'w'));
    const child = spawn(
      process.execPath,
      [join(this.folder, 'driver.mjs'), JSON.stringify(orders)],
      {
        stdio: ['ignore', calls, errors],
        env: {
          ...process.env,
          ...(orders.fencing === 'poison' ? { LD_PRELOAD: this.preload } : {}),
          ASAN_OPTIONS: 'detect_leaks=0',
          UBSAN_OPTIONS: 'print_stacktrace=1',
        },
      },
    );
    const ended = await new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    });
    for (const file of [calls, errors]) closeSync(file);
    const [text, complaint] = files.map((file) => readFileSync(file, 'utf8'));
    return { lines: text.trimEnd().split('\n'), errors: complaint, ended };
  }
}

/** What the sanitizer says, with the place in the kernels. */
function cause(errors: string): string | undefined {
  const [error] = errors.match(/(AddressSanitizer: [\w-]+|runtime error: .*|^\w*Error: .*)/m) ?? [];
  const [place] = errors.match(/[\w/.-]*\/(kernels|sources|[\w-]+-sources)\/[\w.]+:\d+/) ?? [];
  return error && [error, place].filter(Boolean).join(' at ');
}

/** A folder in the checkout, for what imports its modules. */
export const bundleFolder = {
  make: () => {
    const folder = join(root, 'test/sanitize/build');
    mkdirSync(folder, { recursive: true });
    return makeFolder('driver-', folder);
  },
  remove: (folder: string) => rmSync(folder, { recursive: true, force: true }),
};
