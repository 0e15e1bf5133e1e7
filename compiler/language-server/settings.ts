/** What a user may set; every client sends it in a way of its own, or not at all. */
export interface Settings {
  readonly inlayHints: { readonly converters: boolean; readonly formats: boolean; readonly targets: boolean };
  readonly codeLens: boolean;
  /** False in a workspace that nobody has said to trust: no code of it is run. */
  readonly trusted: boolean;
}

export const defaultSettings: Settings = {
  inlayHints: { converters: true, formats: true, targets: true },
  codeLens: true,
  trusted: true,
};

/**
 * Reads what a client says, whatever it is: null, nothing, or a whole tree of settings with ours under `mesh`. What is not
 * said, or said wrongly, stays as it was.
 */
export function readSettings(said: unknown, before: Settings = defaultSettings): Settings {
  const whole = record(said);
  const own = "mesh" in whole ? record(whole["mesh"]) : whole;
  const hints = own["inlayHints"];
  const each = record(hints);
  const all = typeof hints === "boolean" ? hints : undefined;
  const { inlayHints } = before;
  return {
    inlayHints: {
      converters: all ?? truth(each["converters"], inlayHints.converters),
      formats: all ?? truth(each["formats"], inlayHints.formats),
      targets: all ?? truth(each["targets"], inlayHints.targets),
    },
    codeLens: truth(own["codeLens"], before.codeLens),
    trusted: truth(own["trusted"], before.trusted),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function truth(value: unknown, otherwise: boolean): boolean {
  return typeof value === "boolean" ? value : otherwise;
}
