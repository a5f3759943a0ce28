export type LauncherName = 'openmpi' | 'mpich';

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export function reasonAgainst(): string | undefined;

export class TwoHosts {
  shape(rate: string): void;
  cut(): void;
  commandLine(
    launcher: LauncherName,
    program: readonly string[],
    variables?: readonly string[],
  ): CommandLine;
  onFirstHost(program: readonly string[]): Omit<CommandLine, 'environment'>;
  remove(): void;
}
