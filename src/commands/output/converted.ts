/** Prints the results of `charnn convert`. */
import { grouped, type Output } from '../../cli/output.js';
import type { Answer, ConvertedLine, ConvertedLines } from '../../convert/convert-lines.js';
import { limits } from '../../limits.js';
import { quoteText } from '../../messages/quote.js';
import { LineWriter } from './write.js';

export interface Writing {
  /** Whether each target is printed on a line of its own, after its source */
  readonly several: boolean;
  /** Whether log-probability and bits per character follow each target */
  readonly scores: boolean;
  /** Targets with more bits per character are left out. */
  readonly threshold: number;
  /** What is printed for a source that has no target; if undefined, the source itself is printed */
  readonly mark: string | undefined;
}

/** Max number of unknown characters that are named */
const maxNamed = 10;

export class ConvertedWriter {
  private readonly writer = new LineWriter();
  private readonly named = new Set<string>();
  private unknown = 0;
  private cut = 0;
  private refused = 0;
  private unsure = 0;

  constructor(private readonly writing: Writing) {}

  async write({ lines, unknownSymbols }: ConvertedLines): Promise<void> {
    for (const symbol of unknownSymbols) this.named.add(symbol);
    for (const line of lines) await this.writeLine(line);
  }

  /**
   * Writes the lines that are still pending, and reports unknown characters, targets that were cut off, and lines
   * without a target.
   */
  async end(output: Output): Promise<void> {
    await this.writer.end();
    const note = (count: number, one: string, many: string, what: string) => {
      if (count > 0) output.note(`${grouped(count)} ${count === 1 ? one : many} ${what}`);
    };
    const names = [...this.named].slice(0, maxNamed).map((symbol) => quoteText(symbol));
    const more = this.named.size > maxNamed ? ', …' : '';
    const unknown = `unknown to the model (${names.join(', ')}${more}) and read as the unknown symbol`;
    note(this.unknown, 'character is', 'characters are', unknown);
    const cut = 'cut off, because the model predicted no end';
    note(this.cut, 'target was', 'targets were', cut);
    const tooLong = `longer than ${limits.pairLength} characters, so an empty line is printed instead`;
    note(this.refused, 'line is', 'lines are', tooLong);
    const instead = this.writing.mark === undefined ? 'the source' : 'the mark';
    note(
      this.unsure,
      'source has',
      'sources have',
      `no target within --threshold, so ${instead} is printed instead`,
    );
  }

  private async writeLine({ line, answers, unknown }: ConvertedLine): Promise<void> {
    const { threshold, mark } = this.writing;
    this.unknown += unknown;
    // the cost is compared as it is printed, so that a threshold copied from the output keeps the target of that cost
    const sure = answers.filter(({ bits }) => !(Number(bits.toFixed(6)) > threshold));
    if (sure.length > 0) {
      for (const answer of sure) {
        if (answer.isCut) this.cut++;
        await this.writeAnswer(line, answer.target, answer);
      }
      return;
    }
    if (answers.length > 0) {
      this.unsure++;
      await this.writeAnswer(line, mark ?? line, answers[0]);
      return;
    }
    if (line.length > 0) this.refused++;
    await this.writeAnswer(line, '', undefined);
  }

  /** @param answer the one whose scores are printed; undefined for a line that got no answer */
  private async writeAnswer(
    line: Uint8Array,
    target: Uint8Array | string,
    answer: Answer | undefined,
  ): Promise<void> {
    const { several, scores } = this.writing;
    const parts: (string | Uint8Array)[] = several ? [line, '\t', target] : [target];
    if (scores) {
      const numbers = [answer?.logProbability, answer?.bits];
      parts.push(`\t${numbers.map((x) => x?.toFixed(6) ?? '').join('\t')}`);
    }
    await this.writer.line(...parts);
  }
}
