import { ValueError, type ValueType } from '../../options/types.js';

export interface Unit {
  readonly layer: number;
  readonly unit: number;
}

/** Parses `all`, or a list of units, each as layer:unit: `0:17,1:200`. */
export const unitList: ValueType<'all' | readonly Unit[]> = {
  expected: 'all, or a list such as 0:17,1:200',
  parse(text) {
    if (text.toLowerCase() === 'all') return 'all';
    return text.split(',').map((part) => {
      const match = /^\s*(\d+):(\d+)\s*$/.exec(part);
      if (match !== null) return { layer: Number(match[1]), unit: Number(match[2]) };
      throw new ValueError(`must be ${this.expected}, not ${JSON.stringify(text)}`);
    });
  },
  accepts: (value): value is 'all' | readonly Unit[] => value === 'all' || Array.isArray(value),
};
