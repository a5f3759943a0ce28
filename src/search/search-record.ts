/**
 * The record of a search: its plan, and the losses of all training runs that have ended. A search is resumed from it.
 */
import { readFile } from 'node:fs/promises';
import { backendNames } from '../backend/device.js';
import { writeFileAtomically } from '../checkpoint/atomic.js';
import { CharnnError, systemReason } from '../errors.js';
import { Fields } from '../json/fields.js';
import { integersFrom, limits, ranges } from '../limits.js';
import { quote } from '../messages/quote.js';
import type { Job, SearchPlan } from './plan.js';
import type { Outcome } from './search.js';

const format = 'charnn-search';
const version = 1;
/** Max bytes of a record; a larger file was not written by a search. */
const maxBytes = 64 * 2 ** 20;

export interface SearchRecord {
  readonly plan: SearchPlan;
  /** The outcome of each training run, by the string that `keyOf` makes for it */
  readonly outcomes: Map<string, Outcome>;
}

/** A string that identifies a training run within its search */
export function keyOf({ candidate, hidden, steps, seed }: Job): string {
  return `${candidate.name} ${hidden} ${steps} ${seed}`;
}

/** Writes the record of a search; an existing file is replaced entirely or not at all. */
export async function writeRecord(path: string, { plan, outcomes }: SearchRecord): Promise<void> {
  const content = { format, version, plan, trainings: Object.fromEntries(outcomes) };
  await writeFileAtomically(path, [JSON.stringify(content), '\n']);
}

/**
 * Reads the record of a search.
 * @throws CharnnError naming the field that is wrong
 */
export async function readRecord(path: string): Promise<SearchRecord> {
  const shown = quote(path);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CharnnError(`cannot read ${shown}: ${systemReason(cause)}`, 1, { cause });
  }
  if (text.length > maxBytes)
    throw new CharnnError(`${shown} is too large for the record of a search`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CharnnError(`${shown} is not the record of a search: it is not JSON`, 1, { cause });
  }
  const fields = Fields.of(value, shown);
  if (fields.get('format') !== format) {
    throw new CharnnError(`${shown} is not the record of a search that charnn search wrote`);
  }
  fields.integer('version', version, version);
  const trainings = fields.fields('trainings');
  const outcomes = Object.keys(trainings.value).map(
    (key) => [key, readOutcome(trainings.fields(key))] as const,
  );
  return { plan: readPlan(fields.fields('plan')), outcomes: new Map(outcomes) };
}

const { positive, notNegative } = ranges;

function readPlan(fields: Fields): SearchPlan {
  const measured = fields.fields('measured');
  const costs = fields.array('costs');
  if (costs.length !== 3 || !costs.every((x) => typeof x === 'number' && notNegative.holds(x))) {
    fields.fail('costs', 'three numbers from 0');
  }
  const plan: SearchPlan = {
    text: fields.string('text'),
    seed: fields.within('seed', integersFrom(0, Number.MAX_SAFE_INTEGER)),
    hidden: fields.integer('hidden', 1, limits.width),
    layers: fields.integer('layers', 1, limits.layers),
    embedding: fields.integer('embedding', 0, limits.width),
    vocabulary: fields.integer('vocabulary', 1, limits.parameters),
    batchSize: fields.integer('batchSize', 1, limits.parameters),
    seqLength: fields.integer('seqLength', 1, limits.parameters),
    backend: fields.oneOf('backend', backendNames),
    threads: fields.integer('threads', 1, limits.threads),
    seconds: fields.within('seconds', positive),
    parameters: fields.integer('parameters', 1, limits.parameters),
    rounds: fields.integer('rounds', 1, 1000),
    width: fields.integer('width', 2, 10_000),
    unitSeconds: fields.within('unitSeconds', positive),
    measured: { lstm: measured.within('lstm', positive), gru: measured.within('gru', positive) },
    costs: costs as unknown as SearchPlan['costs'],
  };
  return plan;
}

function readOutcome(fields: Fields): Outcome {
  const curve = fields.array('curve');
  const isPoint = (point: unknown): point is [number, number] =>
    Array.isArray(point) && point.length === 2 && point.every((x) => Number.isFinite(x));
  if (!curve.every(isPoint)) fields.fail('curve', 'a list of pairs of numbers');
  return { loss: fields.withinOrNull('loss', positive), curve: curve as [number, number][] };
}
