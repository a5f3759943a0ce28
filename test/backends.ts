import { Arena } from '#charnn/backend/arena.js';
import type { Backend } from '#charnn/backend/backend.js';
import { backendNames, createBackend } from '#charnn/backend/select.js';

/** The back ends that run on this machine, each on an arena of its own. */
export const availableBackends: readonly (readonly [name: string, make: () => Backend])[] =
  backendNames
    .filter((name) => name !== 'auto')
    .flatMap((name) => {
      const make = () => createBackend(name, new Arena()).backend;
      try {
        make();
        return [[name, make] as const];
      } catch {
        return [];
      }
    });
