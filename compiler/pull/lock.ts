/** The head of a file that was pulled: where its interface comes from, and what it was then. */
export interface Lock {
  /** The address of the pipeline. */
  readonly uri: string;
  /** SHA-256 of the text below the head, in hexadecimal. */
  readonly hash: string;
  /** The text below the head. */
  readonly body: string;
  /** Where the body begins, in UTF-16 units. */
  readonly bodyStart: number;
}

const head = /^\/\/ meshc pull (\S+)\r?\n\/\/ sha256 ([0-9a-f]{64})\r?\n(?:\/\/[^\n]*\n)*\r?\n?/;

/** The lock of a file; undefined for one that was not pulled. */
export function lockOf(text: string): Lock | undefined {
  const found = head.exec(text);
  const [whole, uri, hash] = found ?? [];
  if (whole === undefined || uri === undefined || hash === undefined) return undefined;
  return { uri, hash, body: normal(text.slice(whole.length)), bodyStart: whole.length };
}

/**
 * A file that holds an interface and says where it comes from.
 * @param hashOf SHA-256 of a text in UTF-8, in hexadecimal
 */
export function lockedText(uri: string, body: string, hashOf: (text: string) => string): string {
  return [
    `// meshc pull ${uri}`,
    `// sha256 ${hashOf(normal(body))}`,
    "// Pulled, and not meant to be edited: `meshc check --locked` tells when the pipeline has changed.",
    "",
    body,
  ].join("\n");
}

/** Version control may change the ends of lines, which is no edit. */
function normal(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
