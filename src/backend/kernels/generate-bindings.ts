/**
 * Build step before the compilers: writes what follows from the manifest of kernels into `generated/`,
 * where TypeScript and C find it. A file that would not change is left alone.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants } from './manifest.js';
import {
  constantKernel,
  type KernelArgument,
  type Signature,
  signatures,
  snakeCase,
} from './signature.js';

const target = fileURLToPath(new URL('../../../src/backend/kernels/generated', import.meta.url));
const source = 'Generated from manifest.ts by generate.ts; changes belong there.';

/** One argument of a kernel in C, in the addon's glue and in TypeScript. */
interface Slot {
  readonly c: string;
  /** Macro of addon.c that takes it out of the call's numbers */
  readonly glue: 'F' | 'IDS' | 'N' | 'U' | 'R';
  readonly name: string;
  readonly type: 'Address' | 'number';
  /** What the operation hands over */
  readonly value: string;
}

function slots({ kind, name, optional }: KernelArgument): Slot[] {
  const tensor = (constant: string, value: string, c = snakeCase(name)): Slot => ({
    ...{ c: `${constant}float *${c}`, glue: 'F', name: c, type: 'Address', value },
  });
  const number = (c: string, glue: Slot['glue'], value = name): Slot => ({
    ...{ c: `${c} ${snakeCase(name)}`, glue, name: snakeCase(name), type: 'number', value },
  });
  const ids = (c: string, value: string): Slot => ({
    ...{ c: `const int32_t *${c}`, glue: 'IDS', name: c, type: 'Address', value },
  });
  const at = optional ? `optionalAddress(${name})` : `address(${name})`;
  switch (kind) {
    case 'in':
      return [tensor('const ', at)];
    case 'out':
    case 'inout':
      return [tensor('', at)];
    case 'ids':
      return [ids(snakeCase(name), at)];
    case 'lookup':
      return [
        tensor('const ', `optionalAddress(${name}?.table)`, 'table'),
        ids('ids', `optionalAddress(${name}?.ids)`),
      ];
    case 'int':
      return [number('int', 'N')];
    case 'flag':
      return [number('int', 'N', `${name} ? 1 : 0`)];
    case 'uint':
      return [number('uint32_t', 'U', `${name} >>> 0`)];
    case 'float':
      return [number('float', 'R')];
    case 'panels':
      return [tensor('const ', 'packed', 'packed'), tensor('', 'scratch', 'scratch')];
    case 'scratch':
      return [tensor('', 'scratch', 'scratch')];
  }
}

const slotsOf = (signature: Signature) => signature.arguments.flatMap(slots);

function header(): string {
  const kernels = [
    ...signatures.map((signature) => {
      const parameters = slotsOf(signature).map(({ c }) => c);
      const result = signature.returnsNumber ? 'double' : 'void';
      return `    X(${result}, ${signature.kernel}, (${parameters.join(', ')}))`;
    }),
    ...constants.map((name) => `    X(double, ${constantKernel(name)}, (void))`),
  ];
  const most = Math.max(...signatures.map((signature) => slotsOf(signature).length));
  return `/* ${source} */

/* X(result, name, parameters) */
#define KERNELS(X) \\
${kernels.join(' \\\n')}

/* X(name) */
#define KERNEL_CONSTANTS(X) ${constants.map((name) => `X(${name})`).join(' ')}

#define MAX_ARGUMENTS ${most}
`;
}

function glue(): string {
  const functions = signatures.map((signature) => {
    const values = slotsOf(signature).map((slot, i) => `, ${slot.glue}(${i})`);
    const macro = signature.returnsNumber ? 'REDUCTION' : 'FUNCTION';
    return `${macro}(${signature.kernel}${values.join('')})`;
  });
  const ofConstants = constants.map((name) => `REDUCTION(${constantKernel(name)})`);
  return `/* ${source} */\n\n${[...functions, ...ofConstants].join('\n')}\n`;
}

function typescript(): string {
  const types = signatures.map((signature) => {
    const parameters = slotsOf(signature).map(({ name, type }) => `${name}: ${type}`);
    const result = signature.returnsNumber ? 'number' : 'void';
    return `  ${signature.kernel}(${parameters.join(', ')}): ${result};`;
  });
  const ofConstants = constants.map((name) => `  ${constantKernel(name)}(): number;`);
  const imports = [
    "import type { Backend } from '../../backend.js';",
    "import { address, CpuBackend, optionalAddress } from '../../cpu.js';",
    "import { type Address, noAddress } from '../../place.js';",
  ];
  return `/** ${source} */
${imports.join('\n')}

/** The kernels of one instruction level, as functions of addresses and numbers. */
export interface Kernels {
${[...types, ...ofConstants].join('\n')}
}

/** Parameters of an operation */
type P<Name extends keyof Backend> = Backend[Name] extends (...all: infer All) => unknown ? All : never;

/** The operations that are one call of a kernel. */
export abstract class KernelOperations extends CpuBackend {
  protected abstract readonly kernels: Kernels;
  /** Where the weight's packed copy lies, if it is frozen */
  protected abstract packed(weight: P<'freeze'>[0]): Address;
  /** Memory for the time of one call */
  protected abstract scratch(floats: number): Address;
${constants.map((name) => `  protected abstract readonly ${name}: number;`).join('\n')}

  /** Floats of a packed matrix of N columns and K rows */
  protected panels(N: number, K: number): number {
    return Math.ceil(N / this.VL) * this.VL * K;
  }
${signatures.flatMap((signature) => method(signature)).join('\n')}
}
`;
}

function method(signature: Signature): string[] {
  const { operation, kernel, parameters, values, returnsNumber } = signature;
  if (parameters === undefined) return [];
  const typed = parameters.map((pattern, i) => `${pattern}: P<'${operation}'>[${i}]`);
  const call = `this.kernels.${kernel}(${slotsOf(signature)
    .map(({ value }) => value)
    .join(', ')});`;
  return [
    `\n  ${operation}(${typed.join(', ')}): ${returnsNumber ? 'number' : 'void'} {`,
    ...values.map((value) => `    const ${value};`),
    ...[...signature.arguments.flatMap(checksOf), ...signature.arguments.flatMap(scratchOf)].map(
      (line) => `    ${line}`,
    ),
    `    ${returnsNumber ? 'return ' : ''}${call}`,
    '  }',
  ];
}

function checksOf({ kind, name, limit }: KernelArgument): string[] {
  if (kind === 'lookup')
    return [`if (${name}) this.requireBelow(${name}.ids, ${name}.table.shape[0]);`];
  return limit === undefined ? [] : [`this.requireBelow(${name}, ${limit});`];
}

function scratchOf({ kind, name }: KernelArgument): string[] {
  if (kind === 'panels') {
    return [
      `const packed = this.packed(${name});`,
      `const scratch = packed === noAddress ? this.scratch(this.panels(${name}.shape[0], ${name}.shape[1])) : noAddress;`,
    ];
  }
  if (kind !== 'scratch') return [];
  const members = new RegExp(`\\b(panels|${constants.join('|')})\\b`, 'g');
  return [`const scratch = this.scratch(${name.replace(members, 'this.$1')});`];
}

function write(name: string, text: string): void {
  const file = join(target, name);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

mkdirSync(target, { recursive: true });
write('kernel-list.h', header());
write('glue.h', glue());
write('operations.ts', typescript());
