/**
 * The fault suite has a short form, for every run of the tests, and a long one:
 *
 *     CHARNN_FAULTS=long npx vitest run --config test/vitest.config.ts test/faults
 */
const isLong = process.env.CHARNN_FAULTS === 'long';

/** How often something is tried, or what. */
export function times<T>(short: T, long: T): T {
  return isLong ? long : short;
}

/** Limits of a test's time, in milliseconds. */
export const timeout = isLong ? 4 * 3600_000 : 60_000;
