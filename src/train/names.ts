/** The choices that a training has. */
export const scheduleNames = ['wsd', 'cosine', 'constant', 'step', 'plateau'] as const;

export const clipNames = ['norm', 'value', 'none'] as const;

/** Dropout's mask: new at each step, or one for a chunk */
export const dropoutMaskNames = ['step', 'locked'] as const;

/** Actions for a loss that is not finite, or far above its best */
export const divergenceActions = ['stop', 'rollback'] as const;
