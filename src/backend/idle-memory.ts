/** Memory that a call has left behind, kept for the next call that needs the same kind. */
import type { Backend } from './backend.js';
import type { Scope } from './device.js';

/** Memory that belongs to the caller until the caller gives it back */
export interface LentMemory<Memory> {
  readonly memory: Memory;
  giveBack(): void;
}

/**
 * Keeps the memory in which one call has computed for the next call of the same kind. Otherwise each of many short
 * calls of a model would build a network and pack its weights.
 */
export class IdleMemory<Memory> {
  private idle:
    | { readonly memory: Memory; readonly kind: string; readonly scope: Scope }
    | undefined;

  /**
   * Lends the idle memory, or new memory if no memory of this kind is idle.
   * @param kind identifies everything that the memory depends on
   * @param make creates new memory, in a scope of its own within `device`
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
