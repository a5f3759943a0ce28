/**
 * Keeps the models of a training's last validations in files beside the best model: `charnn.json` →
 * `charnn.step-000400.json`. When a new one is written, the oldest is removed, but never a file that this training did
 * not write.
 */
import type { Stats } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CharnnError, optionName, systemReason, UsageError } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { StoredModel } from '../model/model-data.js';
import { temporaryName } from './atomic.js';
import { readTrainingId, writeModel } from './model-file.js';

/** Max bytes of a file name on most file systems */
const maxNameLength = 255;
const stepDigits = 6;

export interface KeptModelsOptions {
  /** Number of models to keep; 0 keeps none */
  readonly keep: number;
  /** The id of a training run that is resumed, by which its kept models are recognised */
  readonly trainingId?: string | undefined;
  /** Whether this training was resumed; in that case kept models of other training runs are left alone */
  readonly resuming: boolean;
  /**
   * Checks every path before it is written.
   * @throws CharnnError for a path that may not be written, or whose file may not be replaced
   */
  readonly guard: (path: string) => Promise<void>;
  readonly plainWeights: boolean;
}

export class KeptModels {
  /** By step, the kept models of this training, as `stat` described each file when it was written or found */
  private readonly own = new Map<number, Stats>();

  private constructor(
    private readonly modelPath: string,
    private readonly options: KeptModelsOptions,
  ) {}

  /**
   * Finds the kept models that exist already, and removes unfinished files that a killed process has left; the caller
   * must hold the model's lock.
   * @throws CharnnError when files of other training runs are in the way
   */
  static async open(modelPath: string, options: KeptModelsOptions): Promise<KeptModels> {
    const kept = new KeptModels(modelPath, options);
    if (options.keep > 0) await kept.look();
    return kept;
  }

  /** Number of models that this training keeps now */
  get count(): number {
    return this.own.size;
  }

  /** The path of the kept model of a step */
  path(step: number): string {
    const name = `${this.stem}.step-${String(step).padStart(stepDigits, '0')}.json`;
    return join(dirname(this.modelPath), name);
  }

  /**
   * Writes the model of a step, and removes the oldest ones in excess of the number to keep.
   * @returns the path of the file
   * @throws CharnnError when it cannot be written, or would replace a file of another training run
   */
  async write(model: StoredModel): Promise<string> {
    const step = Number(model.training?.step);
    const path = this.path(step);
    if (!this.own.has(step) && (await exists(path))) await this.options.guard(path);
    await writeModel(path, model, { plainWeights: this.options.plainWeights });
    this.own.set(step, await stat(path));
    const steps = [...this.own.keys()].sort((a, b) => a - b);
    for (const old of steps.slice(0, -this.options.keep)) await this.remove(old);
    return path;
  }

  private get stem(): string {
    return basename(this.modelPath).replace(/\.json$/, '');
  }

  private async look(): Promise<void> {
    const { modelPath, options } = this;
    const folder = dirname(modelPath);
    // the longest name that the file of a kept model can get
    const maxName = basename(this.path(Number.MAX_SAFE_INTEGER));
    if (Buffer.byteLength(temporaryName(maxName, '01234567')) > maxNameLength) {
      throw new UsageError(
        `${optionName('output')} ${quote(modelPath)} is too long for the names that ${optionName('keep')} makes from it: give a shorter one`,
      );
    }
    const names = await readdir(folder).catch((cause) => {
      throw new CharnnError(
        `cannot list the folder ${quote(folder)}, which ${optionName('keep')} needs: ${systemReason(cause)}`,
        1,
        { cause },
      );
    });
    for (const name of names) {
      const path = join(folder, name);
      const unfinished = /^\.(.*)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
      if (unfinished !== undefined && this.stepOf(unfinished) !== undefined) {
        await rm(path, { force: true });
      }
      const step = this.stepOf(name);
      if (step === undefined) continue;
      if (options.resuming) {
        if (await this.isOwn(path)) this.own.set(step, await stat(path));
      } else {
        await this.options.guard(path);
      }
    }
  }

  /** The step in the name of a kept model; undefined for any other name. */
  private stepOf(name: string): number | undefined {
    const { stem } = this;
    const rest = name.startsWith(stem) ? name.slice(stem.length) : '';
    const step = /^\.step-(\d{6,16})\.json$/.exec(rest)?.[1];
    return step !== undefined && basename(this.path(Number(step))) === name
      ? Number(step)
      : undefined;
  }

  /** Whether the file was written by this training; a file that cannot be read was not. */
  private async isOwn(path: string): Promise<boolean> {
    const { trainingId } = this.options;
    if (trainingId === undefined) return false;
    const id = await readTrainingId(path).catch(() => undefined);
    return id === trainingId;
  }

  /** Removes a model, unless another file has been put in its place. */
  private async remove(step: number): Promise<void> {
    const known = this.own.get(step);
    this.own.delete(step);
    const now = await stat(this.path(step)).catch(() => undefined);
    if (now === undefined || now.ino !== known?.ino || now.mtimeMs !== known.mtimeMs) return;
    await rm(this.path(step), { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
