/**
 * Reads JSON with any content: every value is checked before it is used, and an error names the field that is wrong.
 */
import { CharnnError } from '../errors.js';
import { integersFrom, type Range } from '../limits.js';
import { jsonText, printable } from '../messages/quote.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export class Fields {
  private constructor(
    readonly value: JsonObject,
    /** Name of the file and path of this JSON object within it, for messages */
    private readonly where: string,
  ) {}

  static of(value: unknown, where: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CharnnError(`${where} is not an object`);
    }
    return new Fields(value as JsonObject, where);
  }

  /** The name of a field as messages show it. */
  name(key: string): string {
    return `${this.where}: ${printable(key.length > 60 ? `${key.slice(0, 60)}…` : key)}`;
  }

  fail(key: string, expected: string): never {
    throw new CharnnError(`${this.name(key)} must be ${expected}, not ${show(this.get(key))}`);
  }

  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  fields(key: string): Fields {
    return Fields.of(this.get(key), this.name(key));
  }

  /** Returns an object without checking its fields, because charnn only passes it on. */
  record(key: string): JsonObject {
    return this.fields(key).value;
  }

  array(key: string): readonly unknown[] {
    const value = this.get(key);
    return Array.isArray(value) ? value : this.fail(key, 'a list');
  }

  objects(key: string): Fields[] {
    return this.array(key).map((item, i) => Fields.of(item, `${this.name(key)}[${i}]`));
  }

  integer(key: string, from: number, to: number): number {
    const { holds } = integersFrom(from, to);
    return this.within(key, { holds, expected: `an integer from ${from} to ${to}` });
  }

  /** Reads a number, which must be in the given range. */
  within(key: string, { expected, holds }: Range): number {
    const value = this.get(key);
    return typeof value === 'number' && holds(value) ? value : this.fail(key, expected);
  }

  withinOrNull(key: string, range: Range): number | null {
    return this.get(key) === null ? null : this.within(key, range);
  }

  number(key: string): number {
    const value = this.get(key);
    return typeof value === 'number' && Number.isFinite(value)
      ? value
      : this.fail(key, 'a finite number');
  }

  numberOrNull(key: string): number | null {
    return this.get(key) === null ? null : this.number(key);
  }

  string(key: string): string {
    const value = this.get(key);
    return typeof value === 'string' ? value : this.fail(key, 'a string');
  }

  boolean(key: string): boolean {
    const value = this.get(key);
    return typeof value === 'boolean' ? value : this.fail(key, 'true or false');
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.get(key);
    const found = choices.find((choice) => choice === value);
    return found ?? this.fail(key, `one of ${choices.join(', ')}`);
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = jsonText(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
