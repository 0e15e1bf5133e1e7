import { dirname, resolve } from "node:path";
import { statSync } from "node:fs";
import { BuiltBefore } from "./build/built-before.ts";
import type { Round, Rounds } from "./build/rounds.ts";
import { settingsOf, type BuildRequest, type BuildSettings } from "./build/settings.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { optimiseLate } from "./short-lived.ts";
import { findSources } from "./sources.ts";

/** Builds files and folders; a program with errors leaves what was built of it before untouched. */
export async function buildFiles(request: BuildRequest & { readonly watch: boolean }, io: Io): Promise<ExitCode> {
  const settings = await settingsOf(request, io.cwd);
  const before = request.watch ? undefined : new BuiltBefore(findSources(settings.sources, io.cwd), settings, io.cwd);
  const programs = before?.unchanged();
  if (programs !== undefined) {
    io.out.write(summary({ programs, written: [] }));
    return exitCode.fine;
  }
  if (!request.watch) optimiseLate();
  // The compiler is loaded only now, for that takes longer than to see that there is nothing to do.
  const { startPrinting } = await import("./build/printing-thread.ts");
  const printing = startPrinting();
  const { Rounds: RoundsOfBuild } = await import("./build/rounds.ts");
  try {
    return await buildWith(new RoundsOfBuild(settings, printing, io), { request, settings, before }, io);
  } finally {
    await printing.end();
  }
}

interface Build {
  readonly request: BuildRequest & { readonly watch: boolean };
  readonly settings: BuildSettings;
  readonly before: BuiltBefore | undefined;
}

async function buildWith(rounds: Rounds, { request, settings, before }: Build, io: Io): Promise<ExitCode> {
  if (request.watch) {
    const { watchBuild } = await import("./build/watch-build.ts");
    const folders = (settings.sources.length === 0 ? ["."] : settings.sources).map((one) => resolve(io.cwd, one));
    return watchBuild(rounds, folders.map(folderOf), io);
  }
  const round = await rounds.build();
  await rounds.verify(round.built);
  if (round.programs > 0) io.out.write(summary(round));
  const built = rounds.withoutFault(round);
  if (built !== undefined) before?.keep(built);
  return rounds.exitCode;
}

function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
}

function summary({ programs, written }: Pick<Round, "programs" | "written">): string {
  const files =
    written.length === 0 ? "nothing has changed" : `${written.length} file${written.length === 1 ? "" : "s"} written`;
  return `${programs} program${programs === 1 ? "" : "s"} built: ${files}\n`;
}
