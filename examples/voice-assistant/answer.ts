/** Answers a question: by an OpenAI-compatible endpoint where one is given, else by a few intents of its own. */
import { defineNode, MeshError, type NodeInstance } from "pipeline-mesh";

/** What `Transcript` of std/speech says, as far as it is needed here. */
interface Transcript {
  readonly text: string;
  readonly confidence: number;
}

interface Params {
  readonly [name: string]: string;
  readonly endpoint: string;
  readonly model: string;
}

/** How long the endpoint may take. */
const timeoutMs = 15_000;
/** Characters of an answer: about a minute of speech. */
const longestAnswer = 1_000;
const instructions =
  "You are the voice of a small rover. Answer in one or two short sentences that can be spoken aloud.";

export const Answer = defineNode<Params>({
  open({ endpoint, model }, { emit, signal }): NodeInstance {
    const answer = endpoint === "" ? intentOf : (text: string) => ask({ endpoint, model, text, signal });
    return {
      async process({ payload }) {
        await emit("sentence", await answer((payload as unknown as Transcript).text));
      },
    };
  },
});

// ---- intents ------------------------------------------------------------------------------------------------------

const numbers = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");
const unknownIntent = "Sorry, I can only go forward, go back, turn and stop.";

interface Intent {
  readonly says: RegExp;
  answer(groups: Readonly<Record<string, string | undefined>>): string;
}

const intents: readonly Intent[] = [
  {
    says: /\b(?:go|move|drive)\s+(?<way>forward|back|backward)s?\b(?:.*?\b(?<count>\w+)\s+met(?:er|re)s?\b)?/,
    answer({ way, count }) {
      const direction = way === "forward" ? "forward" : "back";
      const meters = metersOf(count);
      if (meters === undefined) return `Going ${direction}.`;
      return `Going ${direction} ${meters} ${meters === 1 ? "meter" : "meters"}.`;
    },
  },
  { says: /\bturn\s+(?:to\s+the\s+)?(?<way>left|right)\b/, answer: ({ way }) => `Turning ${way}.` },
  { says: /\b(?:stop|halt|wait)\b/, answer: () => "I have stopped." },
];

function metersOf(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  const spoken = numbers.indexOf(word);
  if (spoken !== -1) return spoken;
  return /^\d{1,4}$/.test(word) ? Number(word) : undefined;
}

/** What the rover says to a command that it knows. */
export function intentOf(text: string): string {
  const lower = text.toLowerCase();
  for (const { says, answer } of intents) {
    const found = says.exec(lower);
    if (found !== null) return answer(found.groups ?? {});
  }
  return unknownIntent;
}

// ---- the endpoint -------------------------------------------------------------------------------------------------

interface Question {
  /** Such as `https://api.openai.com/v1`. */
  readonly endpoint: string;
  readonly model: string;
  readonly text: string;
  readonly signal: AbortSignal;
}

/** `POST chat/completions`; the key comes from `OPENAI_API_KEY`. */
async function ask({ endpoint, model, text, signal }: Question): Promise<string> {
  const key = process.env["OPENAI_API_KEY"];
  const url = `${endpoint.replace(/\/+$/, "")}/chat/completions`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({
        model,
        messages: [
          { role: "system", content: instructions },
          { role: "user", content: text },
        ],
      }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw failure(`The endpoint ${url} cannot be reached: ${reasonOf(error)}`, "Is OPENAI_BASE_URL right?", error);
  }
  const body = await response.text();
  if (!response.ok) {
    const hint =
      response.status === 401 ? "Set OPENAI_API_KEY." : "OPENAI_BASE_URL and OPENAI_MODEL say what is asked.";
    throw failure(`The endpoint ${url} answered ${response.status}: ${body.slice(0, 200)}`, hint);
  }
  const content = contentOf(body);
  if (content === undefined) {
    throw failure(
      `The endpoint ${url} gave no answer in the form of a chat completion`,
      "It must be OpenAI-compatible: its answer has choices[0].message.content.",
    );
  }
  return content.slice(0, longestAnswer);
}

function contentOf(body: string): string | undefined {
  try {
    const { choices } = JSON.parse(body) as { choices?: { message?: { content?: unknown } }[] };
    const content = choices?.[0]?.message?.content;
    return typeof content === "string" && content.trim() !== "" ? content.trim() : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function failure(message: string, hint: string, cause?: unknown): MeshError {
  return new MeshError("node-failed", message, { hint, ...(cause !== undefined && { cause }) });
}
