export function makeFolder(prefix?: string, parent?: string): string;
export function folderOfProcess(prefix?: string): string;
