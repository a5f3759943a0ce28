/** Short ways to write down an option. */
import type { OptionDefinition } from '../option.js';
import { choice, type Parse } from '../values.js';

export function option(
  flags: string,
  description: string,
  parse: Parse<unknown>,
  absent?: string | number,
): OptionDefinition {
  return { flags, description, parse, default: absent === undefined ? undefined : `${absent}` };
}

export function oneOf(
  flags: string,
  description: string,
  choices: readonly string[],
  absent?: string,
): OptionDefinition {
  return { flags, description, parse: choice(choices), choices, default: absent };
}

export function repeatable(
  flags: string,
  description: string,
  parse: Parse<unknown>,
): OptionDefinition {
  return { flags, description: `${description} (repeatable)`, parse, repeatable: true };
}

export function flag(flags: string, description: string): OptionDefinition {
  return { flags, description };
}
