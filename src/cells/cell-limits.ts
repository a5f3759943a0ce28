/**
 * Limits of equations. Within them every cell is compiled in milliseconds, so that a model file of a stranger's can do
 * no harm.
 */
export const cellLimits = {
  /** Max number of characters of the text, comments included */
  characters: 16_384,
  /** Max number of words, numbers and signs of the text */
  tokens: 2_000,
  /** Max number of characters of a name, including the suffix that a list of names adds to it */
  name: 40,
  /** Max depth of nested brackets */
  depth: 60,
  equations: 200,
  /** Max number of learned matrices, and of learned vectors */
  matrices: 64,
  vectors: 64,
  states: 8,
  /** Max number of places in memory that the operations between two products use; MAX_PLACES in the kernel */
  places: 512,
  /** Max number of operations, of the equations and of their derivatives each */
  operations: 4_000,
} as const;
