/** Helpers for making elements, and for finding the page's data. */

type Child = Node | string;

/** An element with properties, `class`, `style`, `aria-…` and `data-…` attributes, and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, unknown>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== 'style') Object.assign(element, { [name]: value });
    else element.setAttribute(name, `${value}`);
  }
  element.append(...children);
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

/** Parses the page's data, and removes its text from the page to save memory. */
export function pageData<T>(): T {
  const element = byId('data');
  const data = JSON.parse(element.textContent ?? '');
  element.remove();
  return data;
}

/** A table whose first column names the rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const cells = (tag: 'th' | 'td', texts: readonly string[]) =>
    el('tr', {}, ...texts.map((text) => el(tag, {}, text)));
  return el(
    'div',
    { class: 'scroll', tabIndex: 0 },
    el('table', {}, cells('th', head), ...rows.map((row) => cells('td', row))),
  );
}

/** Calls a function now, and whenever the reader switches between a light and a dark page. */
export function onTheme(apply: () => void): void {
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
}

export function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
