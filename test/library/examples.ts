/** The examples of README.md and src/README.md. */
import { readFileSync } from 'node:fs';

export const examples: readonly string[] = ['README.md', 'src/README.md'].flatMap((name) => {
  const text = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
});
