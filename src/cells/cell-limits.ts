/** What equations may take: whoever keeps to it is compiled in milliseconds, whoever does not is refused. */
export const cellLimits = {
  /** Characters of the text, comments included */
  characters: 16_384,
  /** Words, numbers and signs of the text */
  tokens: 2_000,
  /** Characters of a name, with the suffix that a list of names gives it */
  name: 40,
  /** Brackets within brackets */
  depth: 60,
  equations: 200,
  /** Learned matrices, and learned vectors */
  matrices: 64,
  vectors: 64,
  states: 8,
  /** Places in memory that the operations between two products use: MAX_PLACES of the kernel */
  places: 512,
  /** Operations of the equations and of their derivatives, each */
  operations: 4_000,
} as const;
