/**
 * Versions of charnn's files. A file records the lowest version of its format that has all features of the file. So an
 * earlier version of charnn still reads whatever it understands, and refuses everything else with the advice to update,
 * before an unknown field can confuse it.
 *
 * A feature that an earlier version of charnn cannot read gets an entry in `versions`, with the next version of its
 * formats, and is listed by `modelFeatures`, by `stateFeatures`, or by what writes the file.
 */
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { precisionOf } from '../train/precision.js';
import type { TrainConfig } from '../train/train-config.js';

/**
 * For each kind of file, the version that introduced each feature; `all` is the latest version that changed every
 * file.
 */
const versions = {
  model: { hash: 2, all: 3, counts: 4, pairs: 5, equations: 5, labels: 5 },
  state: { hash: 2, all: 3, documents: 4, counts: 5, pairs: 6, equations: 6, labels: 6, bf16: 6 },
  compressed: { headerChecksum: 2, modelProbe: 3, modelCounts: 4, all: 4 },
} as const;

export type FileKind = keyof typeof versions;

/** A feature that some version of this kind of file introduced */
export type FileFeature<Kind extends FileKind> = Exclude<keyof (typeof versions)[Kind], 'all'>;

/** The first format version whose files can have the feature. */
export function firstVersion<Kind extends FileKind>(
  kind: Kind,
  feature: FileFeature<Kind>,
): number {
  return versions[kind][feature as keyof (typeof versions)[Kind]] as number;
}

/** The latest version of a file's format that this version of charnn reads. */
export function latestVersion(kind: FileKind): number {
  return Math.max(...Object.values(versions[kind]));
}

/** The lowest format version that a file with these features can have. */
export function leastVersion<Kind extends FileKind>(
  kind: Kind,
  features: readonly FileFeature<Kind>[],
): number {
  const first = features.map((feature) => firstVersion(kind, feature));
  return Math.max(versions[kind].all, ...first);
}

/** Features of a model file that earlier versions of charnn cannot read */
export function modelFeatures({ config, counts }: Pick<Model, 'config' | 'counts'>) {
  return [...networkFeatures(config), ...(counts ? (['counts'] as const) : [])];
}

/** Features of a training state that earlier versions of charnn cannot continue */
export function stateFeatures(model: ModelConfig, config: TrainConfig) {
  const { counts, documents } = config;
  return [
    ...networkFeatures(model),
    ...(precisionOf(config) === 'bf16' ? (['bf16'] as const) : []),
    ...(counts ? (['counts'] as const) : []),
    ...(documents ? (['documents'] as const) : []),
  ];
}

function networkFeatures({ pairs, equations, labels, vectors }: ModelConfig) {
  return [
    ...(pairs ? (['pairs'] as const) : []),
    ...(labels || vectors ? (['labels'] as const) : []),
    ...(equations === undefined ? [] : (['equations'] as const)),
  ];
}
