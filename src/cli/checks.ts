/** Checks between options that several commands have, and how messages name options. */
import { UsageError } from '../errors.js';
import type { CellName, Variants } from '../model/config.js';

/** @throws UsageError when layer normalisation is asked for in a cell that has none */
export function checkLayerNorm({ layerNorm }: Variants, cell: CellName): void {
  if (layerNorm && cell !== 'lstm') {
    throw new UsageError(`--layer-norm is for --cell lstm, not ${cell}: leave it out`);
  }
}

/** `layerNorm` → `--layer-norm` */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
