import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Parts of the paths of files that take longest, or whose tests mostly wait */
const longest = [
  ...['sanitize', 'how-to-add', 'commands/lecture', 'train/training.test', 'cluster/ends'],
  ...['library/memory', 'faults/own-files', 'docs-readme', 'train/counts', 'cluster/mpi'],
  ...['docs-pages', 'commands/search', 'library/library', 'sample/', 'pages/', 'faults/'],
];

/** Starts long files first, so that no worker is left with one of them while the others have nothing to do. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((part) => moduleId.includes(part));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
