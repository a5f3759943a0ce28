/** Names of the choices that training options allow. */
export const scheduleNames = ['wsd', 'cosine', 'constant', 'step', 'plateau'] as const;

export const clipNames = ['norm', 'value', 'none'] as const;

/** Kinds of dropout mask: drawn at each time step, or one for a whole chunk */
export const dropoutMaskNames = ['step', 'locked'] as const;

/** What happens when the loss is not finite, or far above its best */
export const divergenceActions = ['stop', 'rollback'] as const;
