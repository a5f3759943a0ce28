import type { Phase } from '../train/events.js';

/**
 * Receives the messages that arise while a text is read and a training run is prepared; the library turns them into
 * events.
 */
export interface Messages {
  /** Receives a message that the user should know but need not act on */
  note(message: string): void;
  /** Receives a message about something that may not be as the user wants it */
  warn(message: string): void;
  /** Is told what begins now, if it may take long */
  phase?(phase: Phase): void;
}
