/** Suggestions for misspelt names. */

/** Max number of wrong letters, which is small for a short name because many other names are close to it. */
function tolerance(name: string): number {
  return Math.min(3, Math.floor((name.length + 1) / 3));
}

/**
 * The name that was most likely meant, if one is close enough.
 * @param synonyms other words for some of the names, such as `generate` for `sample`
 */
export function nearest(
  given: string,
  names: readonly string[],
  synonyms: Readonly<Record<string, string>> = {},
): string | undefined {
  const wanted = given.toLowerCase();
  if (Object.hasOwn(synonyms, wanted)) return synonyms[wanted];
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase());
    const isNear = distance <= tolerance(name) || isBeginning(wanted, name);
    if (isNear && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** The hint `; did you mean NAME?`, or an empty string */
export function suggestion(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}

function isBeginning(given: string, name: string): boolean {
  return given.length >= 3 && name.toLowerCase().startsWith(given);
}

/**
 * Min number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the other (the
 * restricted Damerau-Levenshtein distance).
 */
function editDistance(a: string, b: string): number {
  // words of this length are not misspelt names, and the work grows with the product of the lengths
  if (Math.max(a.length, b.length) > 40) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
