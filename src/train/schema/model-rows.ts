/** Options about the network. */

import { limits } from '../../limits.js';
import { attentions } from '../../model/model-config.js';
import { flag, option, topic } from '../../options/table.js';
import { choice, integer } from '../../options/types.js';
import { sizeNames, sizes } from '../length/preset.js';
import { cellType } from './cell-type.js';

const sizeList = sizeNames
  .map((name) => `${name} ${sizes[name].layers} × ${sizes[name].hidden}`)
  .join(', ');

export const sizeRows = topic('Model', {
  size: option(
    '<name>',
    choice([...sizeNames, 'auto']),
    `preset for layers × units: ${sizeList}; auto chooses by the length of the text and the training time`,
    { default: 'auto' },
  ),
});

/** The shape of a network: fields of the `model` object in model and state files. */
export const modelRows = topic('Model', {
  cell: option(
    '<name>',
    cellType,
    'recurrent cell: a name that `charnn cells` lists, or a file of equations',
    {
      default: 'lstm',
    },
  ),
  layers: option('<n>', integer(1, limits.layers), 'number of recurrent layers', {
    absent: 'by --size',
  }),
  hidden: option('<n>', integer(1, limits.width), 'units of each layer', { absent: 'by --size' }),
  embedding: option(
    '<n>',
    integer(0, limits.width),
    'size of the character embedding; 0 feeds characters one-hot',
    { absent: 'by --size' },
  ),
  residual: flag('residual connections: each layer above the first adds its input to its output', {
    since: 3,
    negation: 'disable residual connections even if --size enables them',
  }),
  layerNorm: flag("layer normalisation of each gate's pre-activations, across the units", {
    since: 3,
    negation: 'disable layer normalisation even if --size enables it',
  }),
  pairs: flag(
    'train on pairs, one on each line as source<tab>target: the model learns to write the target for a source',
    { since: 5 },
  ),
  attention: option(
    '<kind>',
    choice(attentions),
    "with --pairs, how the decoder attends to the source: by learned keys (general), directly to the encoder's outputs (dot), or not at all (none)",
    { default: 'general', since: 5 },
  ),
});
