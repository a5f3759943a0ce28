import type { Phase } from '../train/events.js';

/**
 * Receives the messages that arise while a text is read and a training run is prepared; the library turns them into
 * events.
 */
export interface Messages {
  /** Called with a message that the user should know but need not act on */
  note(message: string): void;
  /** Called with a message about something that may not be as the user wants it */
  warn(message: string): void;
  /** Called when work begins that may take long, with what it is */
  phase?(phase: Phase): void;
}
