/** Finds the places of a text at which a network is in nearly the same state. */
import { el } from './dom.js';

interface SimilarPlace {
  readonly at: number;
  /** Cosine of the angle between the values of all units at both places */
  readonly similarity: number;
}

/** Places that are fewer characters apart than this count as one */
const apart = 10;

/** How many places of similar state are shown, and how many characters of the text are shown for each of them */
const [count, length] = [8, 17];

export interface SimilarViewParts {
  readonly characters: number;
  /** Number of units whose values at different places are compared */
  readonly units: number;
  /** Gives the values of a unit at every character. */
  load(unit: number): Promise<Int8Array>;
  textOf(from: number, to: number): string;
  choose(at: number): void;
}

/** A button that searches, and a button for each place that was found. */
export function similarView(parts: SimilarViewParts) {
  const element = el('p', { class: 'similar' });
  const search = el('button', { type: 'button' });
  let chosen = 0;
  const reset = (at: number) => {
    chosen = at;
    search.textContent = 'find places in a similar state';
    element.replaceChildren(search);
  };
  search.addEventListener('click', async () => {
    const at = chosen;
    search.textContent = 'comparing the units …';
    const found = await similarPlaces(at, parts);
    // the reader may have chosen another character during the search
    if (chosen !== at) return;
    reset(at);
    element.append(
      ...found.map((place) => {
        const text = parts.textOf(Math.max(0, place.at + 1 - length), place.at + 1);
        const title = `character ${(place.at + 1).toLocaleString('en')}`;
        const cosine = ` ${place.similarity.toFixed(2).replace('-', '−')}`;
        const button = el('button', { type: 'button', title }, el('code', {}, text), cosine);
        button.addEventListener('click', () => parts.choose(place.at));
        return button;
      }),
    );
  });
  return { element, reset };
}

/** Searches the whole text for the places that are most similar to a given one. */
async function similarPlaces(
  at: number,
  { characters, units, load }: SimilarViewParts,
): Promise<SimilarPlace[]> {
  const [products, squares] = [new Float64Array(characters), new Float64Array(characters)];
  for (let unit = 0; unit < units; unit++) {
    const values = await load(unit);
    for (let i = 0; i < characters; i++) {
      products[i] += values[i] * values[at];
      squares[i] += values[i] * values[i];
    }
  }
  const own = squares[at];
  const similarity = products.map((product, i) =>
    own > 0 && squares[i] > 0 ? product / Math.sqrt(own * squares[i]) : 0,
  );
  const places: SimilarPlace[] = [];
  const taken = [at];
  while (places.length < count) {
    let best = -1;
    for (let i = 0; i < characters; i++) {
      if (best >= 0 && similarity[i] <= similarity[best]) continue;
      if (taken.every((place) => Math.abs(place - i) >= apart)) best = i;
    }
    if (best < 0) break;
    taken.push(best);
    places.push({ at: best, similarity: similarity[best] });
  }
  return places;
}
