/** Cells that no paper has: what the library's do not use, each function and each order of products. */
export const oddCells: Readonly<Record<string, string>> = {
  'a norm of the units': "h' = tanh(g*norm(W x + U h) + b)\ng = 1\n",
  'a norm of a norm': "c' = norm(W x + u*c)\nh' = norm(c' + U h)*0.5 + b\n",
  'products that wait for no state': `a = tanh(W x)
    u = V a
    v = X (u*a + b)
    h' = tanh(u + U h + v)*a`,
  'a product of what is learned': "h' = tanh(W x + U (b*b) + V h)\nb = uniform(-1, 1)\n",
  'products in a row': "h' = tanh(W x + A (B (C h)) + D tanh(C h))\n",
  'products of new states': "c' = tanh(W x + U h + V c)\nh' = sigmoid(P x + Q c' + b)*c'\n",
  'states that change places':
    "c' = tanh(W x + U h)\nh' = c\nd' = h\nh0 = U_0 d\ne' = tanh(h0 + W_0 x)*h\n",
  'all functions': `a = softplus(W_a x + U_a h)
    b = logsigmoid(W_b x) - exp(-a)
    d = max(W_d x, relu(h) - 0.25)
    e = log(1 + a)/(2 + sigmoid(b))
    h' = tanh(e + d*b - stop(a*h))/1.5`,
  'a state that only grows': "n' = n + 1\nh' = tanh(W x + U h)/n'\n",
  'the input alone': "h' = tanh(W x)\n",
  'a product that is thrown away': "h' = tanh(W x + 0*(U h) + V h)\n",
};
