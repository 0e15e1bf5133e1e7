/** One project that can be begun with. */
export interface Template {
  readonly name: string;
  /** What it is, to follow its name. */
  readonly summary: string;
}

/** In the order in which they are offered; the first is the default. */
export const templates: readonly Template[] = [
  { name: "hello", summary: "a pipeline with one node in TypeScript" },
  { name: "voice", summary: "an assistant that hears orders and answers aloud" },
  { name: "batch", summary: "requests and responses, one by one" },
  { name: "browser", summary: "a page with a pipeline in it, served by Vite" },
];
