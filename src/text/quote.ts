/**
 * A file name as messages show it: plain where it is harmless, else quoted and escaped, so that spaces
 * can be seen and no name can move the cursor, colour the terminal or turn the text around.
 */
export function quote(name: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{S}\p{P}]+$/u.test(name) && !/["'`\\]/.test(name)) return name;
  // beyond what JSON escapes: DEL and C1 controls, direction marks, line separators
  return JSON.stringify(name).replace(/[\p{C}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
