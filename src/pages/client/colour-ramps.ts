/** Backgrounds of characters, from none to a full colour. */

/** The level of the full colour; the lowest level is 0 */
export const levels = 127;

const ramp = (rgb: string, maxOpacity: number) =>
  Array.from({ length: levels + 1 }, (_, i) =>
    i < 4 ? '' : `rgb(${rgb} / ${((maxOpacity * i) / levels).toFixed(3)})`,
  );

/** The colours by level, for a light or a dark page; characters remain legible on all of them */
export function ramps() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  return {
    hot: ramp(dark ? '255 80 80' : '230 30 30', dark ? 0.55 : 0.65),
    positive: ramp(dark ? '255 150 40' : '240 130 0', dark ? 0.5 : 0.75),
    negative: ramp(dark ? '70 140 255' : '30 110 240', dark ? 0.55 : 0.65),
  };
}
