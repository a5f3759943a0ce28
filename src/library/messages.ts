import type { Phase } from '../train/events.js';

/** Receives the messages that arise while a text is read and a training prepared; the library makes events of them. */
export interface Messages {
  /** Receives something that a person should know but need not act on */
  note(message: string): void;
  /** Receives something that may not be as the person wants it */
  warn(message: string): void;
  /** Receives what begins now, where that may take long */
  phase?(phase: Phase): void;
}
