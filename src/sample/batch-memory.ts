/** What a batch of records computes in, and how calls that follow each other share it. */
import type { Backend } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import type { Place, Predictor } from '../predict/predictor.js';

export interface BatchMemory {
  readonly predictor: Predictor;
  /** Of `rows` rows */
  readonly place: Place;
  /** At most so many records run at a time. */
  readonly rows: number;
}

/** Memory that is used until it is given back */
export interface LentMemory {
  readonly memory: BatchMemory;
  giveBack(): void;
}

/**
 * Keeps the memory of one batch that has ended for the next one of the same kind. Many short samples from one model
 * would otherwise each build a network and pack its weights.
 */
export class IdleMemory {
  private idle:
    | { readonly memory: BatchMemory; readonly kind: string; readonly scope: Scope }
    | undefined;

  /**
   * @param kind what the memory must have in common with what is kept
   * @param make makes it where nothing that fits is kept, in a scope of its own within `device`
   */
  lend(device: Scope, kind: string, make: (backend: Backend) => BatchMemory): LentMemory {
    const lent = this.idle?.kind === kind ? this.idle : { kind, ...madeIn(device.scope(), make) };
    if (lent === this.idle) this.idle = undefined;
    return {
      memory: lent.memory,
      giveBack: () => {
        this.idle?.scope.release();
        this.idle = lent;
      },
    };
  }
}

function madeIn(scope: Scope, make: (backend: Backend) => BatchMemory) {
  try {
    return { memory: make(scope.operations), scope };
  } catch (error) {
    scope.release();
    throw error;
  }
}
