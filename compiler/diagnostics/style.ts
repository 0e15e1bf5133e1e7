/** Colour and links for a terminal that wants them; every function gives its text back unchanged where it does not. */
export interface Style {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly information: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
  /** A link that a terminal can open (OSC 8). */
  readonly link: (text: string, url: string | undefined) => string;
}

export interface StyleOptions {
  readonly color: boolean;
  readonly hyperlinks: boolean;
}

export function style({ color, hyperlinks }: StyleOptions): Style {
  const paint = (on: number, off: number) => (text: string) => (color ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  const strong = paint(1, 22);
  return {
    error: (text) => strong(paint(31, 39)(text)),
    warning: (text) => strong(paint(33, 39)(text)),
    information: (text) => strong(paint(36, 39)(text)),
    good: paint(32, 39),
    bold: strong,
    faint: paint(2, 22),
    link: (text, url) => (hyperlinks && url !== undefined ? `\u001b]8;;${url}\u001b\\${text}\u001b]8;;\u001b\\` : text),
  };
}

/** What is known of where the text goes. */
export interface OutputTraits {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Whether to colour: NO_COLOR (https://no-color.org) says no, then FORCE_COLOR says yes unless it is 0, then a
 * terminal that is not `dumb` decides. Links only ever go to a terminal that is known to show them.
 */
export function styleFor({ isTTY, env }: OutputTraits): Style {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  const capable = isTTY && env["TERM"] !== "dumb";
  const forced = env["FORCE_COLOR"];
  let color = capable;
  if (has("NO_COLOR")) color = false;
  else if (forced !== undefined) color = forced !== "0" && forced !== "false";
  return style({ color, hyperlinks: capable && showsHyperlinks(env) });
}

/**
 * Whether a terminal is known to understand links (OSC 8). Others may show the sequence as text, so it takes more than
 * being a terminal. FORCE_HYPERLINK decides where it is set, 0 meaning no.
 */
export function showsHyperlinks(env: OutputTraits["env"]): boolean {
  const forced = env["FORCE_HYPERLINK"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("CI")) return false;
  if (["WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "DOMTERM"].some(has)) return true;
  // Versions of VTE count in hundreds: 0.50 is 5000.
  if (Number(env["VTE_VERSION"] ?? "0") >= 5000) return true;
  const program = env["TERM_PROGRAM"] ?? "";
  if (["iTerm.app", "WezTerm", "vscode", "Hyper", "ghostty", "rio", "Tabby"].includes(program)) return true;
  return /^(?:xterm-kitty|alacritty|xterm-ghostty|foot)/.test(env["TERM"] ?? "");
}
