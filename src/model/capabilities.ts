/**
 * Capabilities: the table of which feature works with which cells, back ends and commands. Wherever another combination
 * is asked for, it is refused with the sentence that is made here.
 */
import { type BackendName, backendNames, type Precision } from '../backend/device.js';
import { OptionError, type Spelling } from '../errors.js';
import type { CellFeature } from './cells/cell.js';
import { type CellName, cellNames, cells } from './cells/cells.js';
import type { ArchitectureFlags } from './model-config.js';

/** The commands that make or run a network */
export const networkCommands = [
  ...['train', 'sample', 'eval', 'score', 'which', 'compress'],
  ...['bench', 'gradients', 'visualize', 'publish', 'serve'],
] as const;

/** Formats of other programs to which a model can be exported */
export const exportFormats = ['safetensors', 'onnx'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Capability {
  /** Cells with kernels of their own that have the feature; `equations` stands for all cells given by equations. */
  readonly cells: readonly CellName[];
  readonly equations: boolean;
  readonly backends: readonly Exclude<BackendName, 'auto'>[];
  readonly commands: readonly string[];
  readonly formats: readonly ExportFormat[];
}

const allBackends = backendNames.filter((name) => name !== 'auto');

/** The cells that declare a feature. */
function cellsWith(feature: CellFeature): readonly CellName[] {
  return cellNames.filter((name) => cells[name].features.includes(feature));
}

/** One row for each optional feature of a network. The keys are the names of options and of fields in files. */
export const capabilities: Readonly<Record<keyof ArchitectureFlags, Capability>> = {
  residual: {
    ...{ cells: cellNames, equations: true },
    ...{ backends: allBackends, commands: networkCommands, formats: exportFormats },
  },
  layerNorm: {
    ...{ cells: cellsWith('layerNorm'), equations: false },
    ...{ backends: allBackends, commands: networkCommands, formats: exportFormats },
  },
  pairs: {
    ...{ cells: cellNames, equations: false },
    ...{ backends: allBackends, formats: ['safetensors'] },
    commands: ['train', 'convert', 'eval', 'visualize', 'publish', 'serve'],
  },
};

/** Number formats of matrix products, with the back ends that support them. */
export const precisions: Readonly<Record<Precision, Pick<Capability, 'backends'>>> = {
  f32: { backends: allBackends },
  bf16: { backends: ['native', 'reference'] },
  int8: { backends: ['native', 'reference'] },
};

/**
 * A combination to be checked: what is to be done, and with what network. Properties that are not known yet are absent.
 */
export interface Combination extends ArchitectureFlags {
  /** Name of a cell with kernels of its own, or of one given by equations */
  readonly cell?: string | undefined;
  readonly backend?: BackendName | undefined;
  readonly precision?: Precision | undefined;
  readonly command?: string | undefined;
  readonly format?: ExportFormat | undefined;
}

function isOfEquations(cell: string | undefined): boolean {
  return cell !== undefined && !(cellNames as readonly string[]).includes(cell);
}

/**
 * The reason why a combination is impossible; undefined if it is possible. It is a function that makes the sentence,
 * given a function that spells options, because they are spelt differently on the command line and in programs.
 */
export function refusal(wanted: Combination): ((name: Spelling) => string) | undefined {
  const { cell, backend, command, format, precision = 'f32' } = wanted;
  const { backends } = precisions[precision];
  if (backend !== undefined && backend !== 'auto' && !backends.includes(backend)) {
    return (name) =>
      `${name('precision', precision)} is for ${name('backend', backends.join(' or '))}, not ${backend}`;
  }
  for (const [key, capability] of Object.entries(capabilities)) {
    if (!wanted[key as keyof ArchitectureFlags]) continue;
    const pairs = [
      ['cell', capability.cells, isOfEquations(cell) && capability.equations ? undefined : cell],
      ['backend', capability.backends, backend === 'auto' ? undefined : backend],
      ['format', capability.formats, format],
    ] as const;
    for (const [axis, able, given] of pairs) {
      if (given === undefined || (able as readonly string[]).includes(given)) continue;
      return (name) => `${name(key)} is for ${name(axis, able.join(' or '))}, not ${given}`;
    }
    if (command !== undefined && !capability.commands.includes(command)) {
      return (name) => `${name(key)} is not for ${command}: leave it out`;
    }
  }
  return undefined;
}

/** @throws OptionError for a combination that is not possible */
export function requireCapable(wanted: Combination): void {
  const sentence = refusal(wanted);
  if (sentence !== undefined) throw new OptionError(sentence);
}
