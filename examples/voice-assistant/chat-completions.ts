/** Asks an OpenAI-compatible endpoint (https://platform.openai.com/docs/api-reference/chat). */
import { MeshError, type NodeContext } from "pipeline-mesh";

/** How long an answer may take in all. */
const timeoutMs = 15_000;
/** No answer of a few sentences is longer, in bytes. */
const longestBody = 1 << 20;
/** Characters of an answer: about a minute of speech. */
const longestAnswer = 1_000;
const instructions =
  "You are the voice of a small rover. Answer in one or two short sentences that can be spoken aloud.";

export interface Endpoint {
  /** Such as `https://api.openai.com/v1`. */
  readonly address: string;
  readonly model: string;
  /** Undefined for an endpoint that wants none. */
  readonly key: string | undefined;
}

/**
 * `POST {address}/chat/completions` with one question.
 * @throws {MeshError} `node-failed` or `access-denied`, which name the address; the signal's reason. None of them may be
 *   tried again by the mesh: another session would not know the question any more
 */
export async function ask(
  endpoint: Endpoint,
  question: string,
  { clock, signal }: Pick<NodeContext, "clock" | "signal">,
): Promise<string> {
  const { address, model, key } = endpoint;
  const url = `${address.replace(/\/+$/, "")}/chat/completions`;
  const limit = new AbortController();
  const cancel = clock.schedule(timeoutMs, () => limit.abort());
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({
        model,
        messages: [
          { role: "system", content: instructions },
          { role: "user", content: question },
        ],
      }),
      signal: AbortSignal.any([signal, limit.signal]),
    });
    const body = await textOf(response);
    if (!response.ok) throw refusal(url, response.status, body);
    const content = contentOf(body);
    if (content !== undefined) return content.slice(0, longestAnswer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    if (limit.signal.aborted) {
      throw new MeshError("node-failed", `The endpoint ${url} gave no answer within ${timeoutMs / 1000} seconds`);
    }
    const message = `The endpoint ${url} cannot be reached: ${reasonOf(error)}`;
    throw new MeshError("node-failed", message, { cause: error, hint: "Is OPENAI_BASE_URL right?" });
  } finally {
    cancel();
  }
  throw new MeshError("node-failed", `The endpoint ${url} gave no answer in the form of a chat completion`, {
    hint: "It must be OpenAI-compatible: its answer has choices[0].message.content.",
  });
}

async function textOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (text.length > longestBody) {
      throw new MeshError("node-failed", `The endpoint ${response.url} answers without end`);
    }
  }
  return text + decoder.decode();
}

function refusal(url: string, status: number, body: string): MeshError {
  const said = body.trim() === "" ? "" : `: ${body.slice(0, 200)}`;
  const code = status === 401 || status === 403 ? "access-denied" : "node-failed";
  const hint =
    code === "access-denied"
      ? "Set OPENAI_API_KEY."
      : "OPENAI_BASE_URL and OPENAI_MODEL say where, and which model, is asked.";
  return new MeshError(code, `The endpoint ${url} answered ${status}${said}`, { hint });
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
