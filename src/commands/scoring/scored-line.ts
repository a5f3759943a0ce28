/** A scored line as it is printed: its cost, its position and the line, or all that is known of it as JSON. */
import { costOf, inBits, type Stretch, worstStretch } from '../../evaluate/line-costs.js';
import type { ScoredLine } from '../../evaluate/score-lines.js';
import { jsonText } from '../../messages/quote.js';
import { costDigits } from '../../model/line-quantiles.js';
import { uniformText, withoutCr } from '../../text/encode.js';
import type { TextOptions } from '../../text/unit.js';
import type { Place } from './numbered-lines.js';

export interface Shown {
  readonly json: boolean;
  readonly perChar: boolean;
  readonly lineNumber: boolean;
  readonly withFilename: boolean;
  readonly window: number | undefined;
  readonly text: TextOptions;
}

/** The cost by which a line is judged, and with --window the stretch of characters that has this cost */
export interface Judged {
  readonly cost: number;
  readonly worst: Stretch | undefined;
}

export function judge({ losses: [loss] }: ScoredLine, window: number | undefined): Judged {
  if (window === undefined) return { cost: costOf(loss), worst: undefined };
  const worst = worstStretch(loss.losses ?? [], window);
  return { cost: inBits(worst.nats), worst };
}

/** The parts of a printed line; they do not refer to the memory of the job that the line came from. */
export function printed(
  scored: ScoredLine,
  judged: Judged,
  place: Place,
  shown: Shown,
): readonly (string | Uint8Array)[] {
  if (shown.json || shown.perChar) return [jsonOf(scored, judged, place, shown)];
  const { withFilename, lineNumber, text } = shown;
  const where = [
    ...(withFilename ? [place.shown] : []),
    ...(lineNumber ? [String(place.line)] : []),
  ].join(':');
  const line = Buffer.from(withoutCr(scored.line, text));
  return [`${judged.cost.toFixed(costDigits)}\t${where === '' ? '' : `${where}\t`}`, line];
}

function jsonOf(
  { line, losses: [of] }: ScoredLine,
  { worst }: Judged,
  { file, line: number }: Place,
  { perChar, text }: Shown,
): string {
  const shown = withoutCr(line, text);
  const bits = costOf(of);
  const characters = () => {
    const uniform = `${uniformText(shown, text)}\n`;
    const all = text.unit === 'byte' ? [...Buffer.from(uniform, 'latin1')] : Array.from(uniform);
    return all.slice(0, of.characters);
  };
  return jsonText({
    file,
    line: number,
    text: Buffer.from(shown).toString('utf8'),
    bitsPerCharacter: bits,
    loss: Number((bits * Math.LN2).toFixed(costDigits)),
    ...(worst && {
      worst: {
        bitsPerCharacter: inBits(worst.nats),
        from: worst.from,
        characters: textOf(characters().slice(worst.from, worst.from + worst.length)),
      },
    }),
    ...(perChar && {
      characters: characters(),
      bits: Array.from(of.losses ?? [], inBits),
    }),
  });
}

/** Joins characters, or the bytes of UTF-8, to one text. */
function textOf(characters: readonly (string | number)[]): string {
  const isBytes = characters.some((one) => typeof one === 'number');
  return isBytes ? Buffer.from(characters as number[]).toString('utf8') : characters.join('');
}
