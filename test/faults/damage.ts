/** Damage to files, for tests that nothing which nobody meant ends in a crash. */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { CharnnError } from '#charnn/errors.js';

/** An error of ours, in one line. */
export function isWorded(error: unknown): boolean {
  return error instanceof CharnnError && /^[^\n]+$/.test(error.message);
}

/** Makes a function that reads bytes as a file at `path`, and throws only what is no error of ours in one line. */
export function tryingToRead(path: string) {
  return async (read: (path: string) => Promise<unknown>, bytes: Uint8Array | string) => {
    writeFileSync(path, bytes);
    try {
      await read(path);
    } catch (error) {
      if (!isWorded(error)) throw error;
    }
  };
}

/** Bytes cut out, put in, doubled or changed. */
export const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.oneof(fc.nat(3), fc.nat(400)),
    added: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom('"', '{', '}', '[', ']', ',', ':', '-1', '1e999', 'null', '\\', '\\ud800')
        .map((text) => Buffer.from(text)),
      fc.constantFrom('[', '{"a":').map((text) => Buffer.from(text.repeat(200_000))),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

export function damaged(
  bytes: Buffer,
  places: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  return places.reduce((old, { at, removed, added }) => {
    const start = Math.floor(at * old.length);
    return Buffer.concat([old.subarray(0, start), added, old.subarray(start + removed)]);
  }, bytes);
}

/** A JSON value with some of its parts, at any depth, put in place of others. */
export function replaced(value: unknown, route: readonly number[], part: unknown): unknown {
  if (route.length === 0 || typeof value !== 'object' || value === null) return part;
  const keys = Object.keys(value);
  if (keys.length === 0) return part;
  const key = keys[route[0] % keys.length];
  const inner = replaced((value as Record<string, unknown>)[key], route.slice(1), part);
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? inner : item));
  return { ...value, [key]: inner };
}

/** Where in a value something is put, as `replaced` takes it */
export const routes = fc.array(fc.nat(), { minLength: 1, maxLength: 5 });
