import type { Output } from '../../cli/output.js';

/** Prints that the work continues with fewer threads than were requested, and why. */
export function noteFewerThreads(output: Output): (threads: number, reason: string) => void {
  return (threads, reason) => {
    const number = threads === 1 ? 'one thread' : `${threads} threads`;
    output.note(`continuing with ${number}: ${reason}`);
  };
}
