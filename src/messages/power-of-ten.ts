/** Very large and very small numbers as people write them: 3 × 10⁻⁵. */

const raised: Readonly<Record<string, string>> = Object.fromEntries(
  [...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((digit, i) => [`${i}`, digit]),
);

/**
 * A number as a power of ten, or as a multiple of one: 10⁰, 10⁻³, 2.5 × 10⁴.
 * @param digits after the point
 */
export function powerOfTen(x: number, digits = 0): string {
  if (x === 0 || !Number.isFinite(x)) return `${x}`;
  const [factor, exponent] = x.toExponential(digits).split('e');
  const sign = exponent.startsWith('-') ? '⁻' : '';
  const power = `10${sign}${[...exponent.slice(1)].map((digit) => raised[digit]).join('')}`;
  return Number(factor) === 1 ? power : `${Number(factor)} × ${power}`;
}
