/** The model of a page, opened in Node.js, and its answers. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Model } from '#charnn/model/model-data.js';
import type { ModelBlobs, PageReply, PageSettings } from '#charnn/pages/model-page.js';
import { modelPage } from '#charnn/published/page-content.js';
import { PageModel } from '#charnn/published/page-model.js';
import { publishedModel } from '#charnn/published/published-model.js';

/** Settings in which nothing is unusual */
export const first: PageSettings = {
  ...{ prompt: '', temperature: 1, length: 200, seed: 1, stop: '' },
  ...{ labels: [], vectors: '' },
};

/** A page's model, opened from what the page holds, that remembers its answers. */
export async function opened(model: Model, withCounts = true, labels: readonly number[] = []) {
  const published = publishedModel(model, 'f32', withCounts);
  const { data, blobs = [] } = modelPage(model, published, {
    title: '',
    text: [],
    settings: first,
  });
  const replies: PageReply[] = [];
  const page = new PageModel(
    (reply) => replies.push(reply),
    () => setImmediate(),
  );
  const head = JSON.parse(JSON.stringify(data)).model;
  await page.take({
    ...{ kind: 'open', model: head, labels },
    blobs: Object.fromEntries(blobs) as unknown as ModelBlobs,
  });
  expect(replies).toEqual([{ kind: 'opened' }]);
  return { page, replies };
}

/** What the page has answered to a request. */
export function answers(replies: readonly PageReply[], id: number) {
  const own = replies.filter((reply) => 'id' in reply && reply.id === id);
  const failures = own.flatMap((reply) => (reply.kind === 'failed' ? [reply.message] : []));
  expect(failures).toEqual([]);
  const prompt = own.flatMap((reply) => (reply.kind === 'read' ? [reply] : []));
  const pieces = own.flatMap((reply) => (reply.kind === 'written' ? [reply.piece] : []));
  const done = own.flatMap((reply) => (reply.kind === 'done' ? [reply] : []));
  return { prompt: prompt[0], pieces, text: pieces.flatMap(({ texts }) => texts).join(''), done };
}
