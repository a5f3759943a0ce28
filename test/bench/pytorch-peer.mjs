/** PyTorch as a process that measures what it is asked, for pytorch.mjs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Settings of PyTorch to choose from for a precision: threads, and the model compiled or not */
export function settingsOf(precision, threads, compiled) {
  const counts = threads > 1 ? [1, threads] : [1];
  return counts.flatMap((count) =>
    (compiled ? [false, true] : [false]).map((isCompiled) => ({
      precision,
      threads: count,
      compiled: isCompiled,
    })),
  );
}

export class PyTorch {
  constructor(process, lines) {
    this.process = process;
    this.lines = lines;
  }

  /** Loads PyTorch, which takes seconds; its processes for the measurements begin from there. */
  static async start(python, script) {
    const process = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const torch = new PyTorch(
      process,
      createInterface({ input: process.stdout })[Symbol.asyncIterator](),
    );
    torch.version = (await torch.answer()).version;
    return torch;
  }

  /** Times training iterations; pytorch_iteration.py says what is asked and answered. */
  measure([cell, layers, hidden], settings, effort) {
    this.process.stdin.write(
      `${JSON.stringify({ cell, layers, hidden, ...settings, ...effort })}\n`,
    );
    return this.answer();
  }

  end() {
    this.process.stdin.end();
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('PyTorch has ended; what it said is above');
    return JSON.parse(value);
  }
}
