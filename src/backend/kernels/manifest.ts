/**
 * All kernels, one line each. C prototypes, the addon's glue, WebAssembly exports, TypeScript signatures, the
 * operations of the compiled back ends and the sizes of their scratch memory are generated from these lines
 * (`generate-bindings.ts`). A kernel's name in C is the operation's name in snake case.
 *
 *     operation(parameters): result | values | arguments of the kernel
 *
 * The operation is one of `backend.ts`; its parameters are TypeScript patterns. `values` are computed from them
 * (TypeScript declarations, separated by semicolons). An argument is a kind followed by one or more names; `?` marks a
 * tensor that may be absent.
 *
 *     out, in, inout   a tensor that the kernel writes, reads, or both
 *     compact          a compact tensor (bfloat16 in half precision) that the kernel reads, writes, or both
 *     either           a tensor of floats or bfloat16 that the kernel reads: two arguments, the tensor and whether it
 *                      consists of bfloat16
 *     eitherOut        the same for a tensor that the kernel writes
 *     ids              a list of integers that the kernel reads; before it does, each integer is checked to be below
 *                      the limit that follows `<`
 *     lookup           an optional Lookup: two arguments, the table and the ids of its rows
 *     input            a LayerInput: the two arguments of a lookup, or a tensor in either format, a weight, a bias,
 *                      the number of columns, and the copy of the weight that `freeze` made, if there is one
 *     int, uint, float a number: 32-bit integer, signed or not, or float32
 *     flag             true or false, as an int
 *     panels           a weight that is packed before it is multiplied: two arguments, the copy that `freeze`
 *                      made, if there is one, and scratch memory for such a copy otherwise, and for the left operand
 *     frozen           for a weight that may be absent: the copy that `freeze` made, or nothing
 *     scratch          memory for the duration of the call: an expression for its size in words of 4 bytes, made of
 *                      values, `constants`, panels(N, K), which is the size of a packed matrix of N columns and
 *                      K rows, and lstmScratch()
 *
 * A line without parentheses is a kernel that does not correspond to an operation.
 */
export const manifest = `
linear(y, x, weight, bias) | [N, K] = weight.shape; M = x.size / K | out y; either x; in weight, bias?; int M, N, K; panels weight
linearBackwardInput(dx, dy, weight, accumulate) | [N, K] = weight.shape; M = dx.size / K | inout dx; either dy; in weight; flag accumulate; int M, N, K; scratch panels(K, N) + ROW_COPIES
linearBackwardWeight(dWeight, dBias, dy, x) | [N, K] = dWeight.shape; M = x.size / K | inout dWeight, dBias?; either dy, x; int M, N, K; scratch panels(K, M) + LEFT_SIDE
packWeight | | out packed; in weight; int N, K
gather(y, table, ids) | count = ids.length; [V, D] = table.shape | out y; in table; ids ids < V; int count, D
scatterAdd(dTable, dy, ids) | count = ids.length; [V, D] = dTable.shape | inout dTable; either dy; ids ids < V; int count, D
transpose(y, x, bias) | [M, N] = x.shape | out y; in x, bias?; int M, N
transposeBackward(dx, dBias, dy) | [M, N] = dx.shape | inout dx, dBias?; in dy; int M, N
rnnForward({ T, B, H }, { gates, h, weight, bias }, lookup) | | int T, B, H; inout gates, h; in weight, bias; lookup lookup; panels weight
rnnBackward({ T, B, H }, { gates, h, weight }, dOutput, dh) | | int T, B, H; inout gates; in h, weight, dOutput; inout dh; scratch panels(H, H) + ROW_COPIES
lstmForward({ T, B, H }, { gates, h, c, tanhC, state, weight, bias }, input) | beside = present(this.half ? state : tanhC) | int T, B, H; compact gates, h, c; inout beside; in weight, bias; input input; frozen weight; scratch lstmScratch(T, B, H, D, packed, packedInput)
lstmBackward({ T, B, H }, { gates, c, tanhC, state, weight }, dOutput, dh, dc) | beside = present(this.half ? state : tanhC) | int T, B, H; compact gates, c; in beside; in weight, dOutput; inout dh, dc; scratch panels(H, 4 * H) + ROW_COPIES
lstmNormForward({ T, B, H }, { gates, h, c, tanhC, state, weight, gain, bias, normalised, scales }, input) | beside = present(this.half ? state : tanhC) | int T, B, H; compact gates, h, c; inout beside; in weight, gain, bias; compact normalised; out scales; input input; frozen weight; scratch lstmScratch(T, B, H, D, packed, packedInput)
lstmNormBackward({ T, B, H }, { gates, c, tanhC, state, weight, gain, normalised, scales }, dOutput, dh, dc, dGain, dBias) | beside = present(this.half ? state : tanhC) | int T, B, H; compact gates, c; in beside; in weight, gain; compact normalised; in scales, dOutput; inout dh, dc, dGain, dBias; scratch panels(H, 4 * H) + ROW_COPIES + 4 * H
gruForward({ T, B, H }, { gates, recurrent, h, weight, bias }, lookup) | | int T, B, H; inout gates; out recurrent; inout h; in weight, bias; lookup lookup; panels weight
gruBackward({ T, B, H }, { gates, recurrent, h, weight }, dOutput, dh) | | int T, B, H; inout gates, recurrent; in h, weight, dOutput; inout dh; scratch panels(H, 3 * H) + ROW_COPIES
attentionForward({ T, S, B, H }, { query, memory, weights }, context) | | int T, S, B, H; in query, memory; out weights, context
attentionBackward({ T, S, B, H }, { query, memory, weights }, dContext, dQuery, dMemory) | | int T, S, B, H; in query, memory; inout weights; in dContext; out dQuery, dMemory; scratch S
programForward({ T, B, H }, { code, offsets, memory, weight, vectors, groups, registers, wholeRows }, lookup) | tile = Math.max(this.PROGRAM_TILE, wholeRows ? H : 0); floats = groups.reduce((sum, size) => sum + this.panels(size * H, H), 0) | int T, B, H; ids code, offsets; inout memory; in weight?, vectors?; lookup lookup; frozen weight; scratch (packed === noAddress ? floats : 0) + ROOM + registers * tile
programBackward({ T, B, H }, { code, offsets, memory, weight, vectors, vectorGradients, groups, registers, wholeRows }, dOutput) | tile = Math.max(this.PROGRAM_TILE, wholeRows ? H : 0); floats = groups.reduce((sum, size) => sum + this.panels(H, size * H), 0) | int T, B, H; ids code, offsets; inout memory; in weight?, vectors?; inout vectorGradients?; in dOutput; scratch floats + ROW_COPIES + registers * tile
softmaxCrossEntropy(losses, logits, targets, scale) | [M, V] = logits.shape | out losses; inout logits; ids targets < V; int M, V; float scale
dropout(y, x, { rate, key, firstRow, totalRows, locked }) | [T, B, W] = x.shape; threshold = Math.floor(rate * 2 ** 32); scale = 1 / (1 - rate); [key0, key1] = key | eitherOut y; either x; int T, B, W; uint threshold; float scale; uint key0, key1, firstRow, totalRows; flag locked
add(dst, src) | n = dst.size | eitherOut dst; either src; int n
convert | | eitherOut dst; either src; int n
setAll | | out x; int n; float value
largestId: number | | ids ids; int n
lerp(dst, src, amount) | n = dst.size | inout dst; in src; int n; float amount
clamp(x, limit) | n = x.size | inout x; int n; float limit
sum(x): number | n = x.size | in x; int n
squares: number | | in x; int n
adam(w, g, m, v, { rate, beta1, beta2, epsilon, l2, decay, step, gradientScale }) | n = w.size; correction1 = 1 / (1 - beta1 ** step); correction2 = 1 / (1 - beta2 ** step) | inout w; in g; inout m, v; int n; float rate, beta1, beta2, epsilon, l2, decay, correction1, correction2, gradientScale
rmsprop(w, g, v, { rate, alpha, epsilon, l2, gradientScale }) | n = w.size | inout w; in g; inout v; int n; float rate, alpha, epsilon, l2, gradientScale
sgd(w, g, m, { rate, momentum, l2, gradientScale }) | n = w.size | inout w; in g; inout m; int n; float rate, momentum, l2, gradientScale
timeProducts | | flag on
productCount: number | | int which
multiplyAdds: number | | int rounds
muon(w, g, m, { rate, momentum, decay, gradientScale }) | [M, N] = w.shape; S = Math.min(M, N) | inout w; in g; inout m; int M, N; float rate, momentum, decay, gradientScale; scratch ROOM + 2 * M * N + 2 * S * S + Math.max(panels(M, N), panels(N, M), panels(S, S))
`;

/**
 * Constants of the C source (`vector.h`, `weights.h`, `gemm.h`, `lstm_input.h`, `program.c`) that occur in sizes of
 * scratch memory; every instruction level has its own values.
 */
export const constants = [
  'VL',
  'WEIGHT_WORD',
  'WEIGHT_STEP',
  'COLUMN_WORDS',
  'ROOM',
  'ROW_COPIES',
  'LEFT_SIDE',
  'INPUT_ROWS',
  'PROGRAM_TILE',
] as const;

/**
 * Operations that are needed only for training. The kernels with 8-bit weights cannot train, so they lack these
 * operations.
 */
export const trainingOperations = /Backward|^(adam|rmsprop|sgd|muon)$/;
