/** What the controls show, in the fragment of the page's address: it is never sent to a server. */
import type { PageSettings } from '../model-page.js';

/** Ranges of the controls */
export const ranges = {
  temperature: [0, 2],
  length: [1, 100_000],
  seed: [0, Number.MAX_SAFE_INTEGER],
} as const;

const names = { prompt: 'prompt', stop: 'stop' } as const;

/** The address of the page with these settings; what is as the page has it at first is left out, but for the seed. */
export function linkOf(settings: PageSettings, first: PageSettings): string {
  const parameters = new URLSearchParams();
  for (const name of ['temperature', 'length', 'seed'] as const) {
    if (name === 'seed' || settings[name] !== first[name])
      parameters.set(name, `${settings[name]}`);
  }
  for (const name of Object.values(names)) {
    if (settings[name] !== first[name]) parameters.set(name, settings[name]);
  }
  return `${location.href.replace(/#.*/s, '')}#${parameters}`;
}

/** The settings that the address has; what is missing or makes no sense there is as the page has it at first. */
export function settingsIn(fragment: string, first: PageSettings): PageSettings {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  const number = (name: keyof typeof ranges) => {
    const given = parameters.get(name);
    const value = given === null || given.trim() === '' ? Number.NaN : Number(given);
    const isWhole = name === 'temperature' || Number.isInteger(value);
    return isWhole && isWithin(value, name) ? value : first[name];
  };
  return {
    prompt: parameters.get(names.prompt) ?? first.prompt,
    stop: parameters.get(names.stop) ?? first.stop,
    temperature: number('temperature'),
    length: number('length'),
    seed: number('seed'),
  };
}

export function isWithin(value: number, name: keyof typeof ranges): boolean {
  const [low, high] = ranges[name];
  return value >= low && value <= high;
}
