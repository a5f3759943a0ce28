/** The largest sizes that a model may have, whether it is made here or read from a file. */
export const limits = { layers: 64, width: 16384, vocabulary: 1_114_113, parameters: 2 ** 30 };
