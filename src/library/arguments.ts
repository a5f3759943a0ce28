/** Checks those arguments of the library that are in no table of options, such as paths, functions and signals. */
import { optionName, UsageError } from '../errors.js';
import { type AbortSignalLike, isSignal } from './abort.js';

/** Says in words of what kind an argument is, for a message that it should be of another kind. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'missing' : `a ${typeof value}`;
}

/** @throws UsageError for anything but a path; the path `-` is a file of that name */
export function requirePath(value: unknown, what: string): string {
  if (typeof value !== 'string') {
    throw new UsageError(`${what} must be a path, but it is ${kindOf(value)}`);
  }
  if (value === '') throw new UsageError(`${what} is empty: name a file`);
  return value === '-' ? './-' : value;
}

export function requirePaths(value: unknown, what: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new UsageError(`${what} is an empty list: name a file or a folder`);
  return list.map((path) => requirePath(path, what));
}

/** @throws UsageError for anything but a string */
export function requireString(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new UsageError(`${what} must be a string, but it is ${kindOf(value)}`);
}

/**
 * Checks that the options of a call are an object, and copies it, so that those which are not in a table can be
 * removed.
 */
export function requireObject(options: unknown, what: string): Record<string, unknown> {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    return { ...(options as Record<string, unknown>) };
  }
  throw new UsageError(`the options of ${what} must be an object, not ${kindOf(options)}`);
}

export function requireFunction<T>(value: unknown, name: string): T | undefined {
  if (value === undefined || typeof value === 'function') return value as T | undefined;
  throw new UsageError(`option ${optionName(name)} must be a function, not ${kindOf(value)}`);
}

export function requireSignal(value: unknown): AbortSignalLike | undefined {
  if (value === undefined || isSignal(value)) return value;
  throw new UsageError(`option signal must be an AbortSignal, not ${kindOf(value)}`);
}
