/** Parses the lines of the manifest. */
import { constants, manifest, trainingOperations } from './manifest.js';

const tensorKinds = ['in', 'out', 'inout', 'compact', 'either', 'eitherOut'] as const;
const numberKinds = ['int', 'uint', 'float', 'flag'] as const;
const otherKinds = ['ids', 'lookup', 'input', 'panels', 'frozen', 'scratch'] as const;
const kinds = [...tensorKinds, ...numberKinds, ...otherKinds];

/** An argument as written in the manifest; some become several arguments of the kernel. */
export interface KernelArgument {
  readonly kind: (typeof kinds)[number];
  /** Name of the value that is passed; for `scratch`, the expression for the size of the memory */
  readonly name: string;
  /** Whether the tensor may be absent */
  readonly optional: boolean;
  /** For `ids`: the expression that each id must be below */
  readonly limit: string | undefined;
}

export interface Signature {
  /** Name of the operation in `backend.ts` */
  readonly operation: string;
  /** The kernel's name in C and among the exports */
  readonly kernel: string;
  /**
   * The operation's parameters, as TypeScript patterns; undefined for a kernel that does not correspond to an operation
   */
  readonly parameters: readonly string[] | undefined;
  readonly returnsNumber: boolean;
  /** Values that are computed from the parameters, as TypeScript declarations: `name = expression` */
  readonly values: readonly string[];
  readonly arguments: readonly KernelArgument[];
}

/**
 * A constant of the C source is read by calling a kernel without arguments, which has this name, because every
 * instruction level has its own value.
 */
export const constantKernel = (name: string) => `constant_${name}`;

export const signatures: readonly Signature[] = manifest
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map(parseLine);

/** Names of all kernels in C */
export const kernelExports: readonly string[] = [
  ...signatures.map(({ kernel }) => kernel),
  ...constants.map(constantKernel),
];

/** The names of all kernels in C, without those that are needed only for training */
export const forwardExports: readonly string[] = [
  ...signatures
    .filter(({ operation }) => !trainingOperations.test(operation))
    .map(({ kernel }) => kernel),
  ...constants.map(constantKernel),
];

function parseLine(line: string): Signature {
  const [head, values, list, ...rest] = line.split('|').map((part) => part.trim());
  const [, operation, parameters, result] = head.match(/^(\w+)(?:\((.*)\))?(: number)?$/) ?? [];
  if (operation === undefined || list === undefined || rest.length > 0) {
    throw new Error(`kernel manifest: cannot read "${line}"`);
  }
  return {
    operation,
    kernel: snakeCase(operation),
    parameters: parameters === undefined ? undefined : splitOutside(parameters, ','),
    returnsNumber: result !== undefined,
    values: splitOutside(values, ';'),
    arguments: splitOutside(list, ';').flatMap((group) => parseGroup(group, line)),
  };
}

function parseGroup(group: string, line: string): KernelArgument[] {
  const [, word, rest = ''] = group.match(/^(\w+)\s+(.+)$/) ?? [];
  const kind = kinds.find((known) => known === word);
  if (kind === undefined) throw new Error(`kernel manifest: no kind "${word}" in "${line}"`);
  const plain = { kind, optional: false, limit: undefined };
  if (kind === 'scratch') return [{ ...plain, name: rest }];
  return splitOutside(rest, ',').map((item) => {
    const [name, limit] = item.split(' < ');
    return { kind, name: name.replace('?', ''), optional: name.endsWith('?'), limit };
  });
}

/** Splits a text at the separators outside brackets. */
function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
    if (character === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

export function snakeCase(name: string): string {
  // sizes such as M are capital letters in C, as in TypeScript
  if (/^[A-Z]$/.test(name)) return name;
  return name.replace(/[A-Z]/g, (letter, at) => (at > 0 ? '_' : '') + letter.toLowerCase());
}
