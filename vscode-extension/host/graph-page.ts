/** What the page of the graph is made from. */
export interface GraphPageInit {
  /** Addresses of the two files that it loads. */
  readonly script: string;
  readonly style: string;
  /** Where the editor says that files of the extension come from. */
  readonly source: string;
  /** Nobody can guess it: only our script has it. */
  readonly nonce: string;
  /** The program that is shown. */
  readonly uri: string;
}

/** The page of the graph. It may load its two files and nothing else: no network, no other scripts, no styles in attributes. */
export function graphPage({ script, style, source, nonce, uri }: GraphPageInit): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${attribute(style)}">
<title>Graph</title>
</head>
<body data-uri="${attribute(uri)}">
<header>
  <span id="notice" role="status"></span>
  <span id="tools">
    <button id="smaller" title="Smaller" aria-label="Smaller">−</button>
    <button id="fit" title="Fit into the window" aria-label="Fit into the window">fit</button>
    <button id="larger" title="Larger" aria-label="Larger">+</button>
    <button id="save" title="Save as SVG" aria-label="Save as SVG">svg</button>
  </span>
</header>
<main id="picture" aria-label="Graph of the program"></main>
<script nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
