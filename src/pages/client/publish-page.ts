/** The page of `charnn publish`: it runs a model. */
import type { ModelPageData, PageReply } from '../model-page.js';
import { ConvertingView } from './converting-view.js';
import { byId, el, pageData } from './dom.js';
import { PageThread } from './page-thread.js';
import type { PageView } from './page-view.js';
import { WritingView } from './writing-view.js';

const data = pageData<ModelPageData>();
const opening = el('p', { class: 'status', role: 'status' }, 'The model is being opened …');
let thread: PageThread | undefined;

const view: PageView = data.converts
  ? new ConvertingView(data, (lines) => thread?.ask({ kind: 'convert', lines }))
  : new WritingView(
      data,
      (settings) => thread?.ask({ kind: 'write', settings }),
      () => thread?.stop(),
    );

const views = el('div', { class: 'view', hidden: true }, ...view.elements);
byId('page').append(
  el('h1', {}, data.title),
  ...data.text.map((paragraph) => el('p', { class: 'about' }, paragraph)),
  opening,
  views,
  el(
    'footer',
    { class: 'faint' },
    `${data.summary}. It runs in this page and sends nothing anywhere.`,
  ),
);

function take(reply: PageReply): void {
  if (reply.kind === 'opened') {
    opening.remove();
    views.hidden = false;
    view.begin();
    document.body.dataset.ready = 'true';
  } else if (reply.kind === 'failed' && views.hidden) {
    opening.setAttribute('role', 'alert');
    opening.textContent = `The model cannot run in this browser: ${reply.message}. It needs WebAssembly with SIMD, which browsers have had since 2023.`;
  } else view.take(reply);
}

try {
  thread = new PageThread(data, take);
} catch (error) {
  take({ kind: 'failed', id: -1, message: error instanceof Error ? error.message : String(error) });
}
