/** Memory that a call has left behind, kept for the next call that needs the same. */
import type { Backend } from './backend.js';
import type { Scope } from './device.js';

/** Memory that is used until it is given back */
export interface LentMemory<Memory> {
  readonly memory: Memory;
  giveBack(): void;
}

/**
 * Keeps what one call has computed in for the next call of the same kind. Many short calls of one model would
 * otherwise each build a network and pack its weights.
 */
export class IdleMemory<Memory> {
  private idle:
    | { readonly memory: Memory; readonly kind: string; readonly scope: Scope }
    | undefined;

  /**
   * Lends the idle memory, or new memory if none is idle or that is of another kind.
   * @param kind names everything that the memory depends on
   * @param make makes new memory, in a scope of its own within `device`
   */
  lend(device: Scope, kind: string, make: (backend: Backend) => Memory): LentMemory<Memory> {
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

function madeIn<Memory>(scope: Scope, make: (backend: Backend) => Memory) {
  try {
    return { memory: make(scope.operations), scope };
  } catch (error) {
    scope.release();
    throw error;
  }
}
