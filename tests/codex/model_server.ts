/**
 * A stand-in for the model API on this machine: answers the streaming Responses calls that Codex makes, always in
 * the same words, and remembers what it was asked.
 */
import { fieldOf, type Json, type JsonObject, textOrNull } from "./json.ts";

/** How the server answers, changeable at any time. */
export type ModelBehaviour = {
  /** Ciphertext to attach as a reasoning item before each reply; none when undefined. */
  readonly encryptedReasoning?: string | undefined;
  /** Items to answer a call with, such as calls of tools; the usual reply where it gives undefined. */
  readonly answer?: ((seen: ModelRequest) => readonly Json[] | undefined) | undefined;
  /** Begins every reply and never ends it. */
  readonly endless?: boolean | undefined;
  /** Answers every call with this HTTP status and error code instead of a reply. */
  readonly failure?: { readonly status: number; readonly code: string; readonly message: string } | undefined;
};

/** One call that Codex made to `POST …/responses`. */
export type ModelRequest = {
  /** The provider id whose address was called. */
  readonly provider: string;
  /** The model that was named. */
  readonly model: string;
  /** The texts of the user's messages in the input, oldest first, without the context Codex adds by itself. */
  readonly userTexts: readonly string[];
  /** The texts of the assistant's messages in the input, oldest first. */
  readonly assistantTexts: readonly string[];
  /** The `encrypted_content` values in the input, oldest first. */
  readonly encrypted: readonly string[];
  /** The headers of the call. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body of the call. */
  readonly body: Json;
};

/** A running model server. */
export type ModelServer = {
  /** Base address for a provider, such as `http://127.0.0.1:4711/relay`. */
  readonly baseUrl: (provider: string) => string;
  /** Every call so far, oldest first. */
  readonly requests: readonly ModelRequest[];
  /** Replaces the behaviour. */
  readonly behave: (behaviour: ModelBehaviour) => void;
  /** Stops the server; resolves when it has stopped. */
  readonly close: () => Promise<void>;
};

const TOKENS: Json = {
  "input_tokens": 10,
  "input_tokens_details": { "cached_tokens": 0 },
  "output_tokens": 5,
  "output_tokens_details": { "reasoning_tokens": 0 },
  "total_tokens": 15,
};

/** Starts a model server on a free port of 127.0.0.1. The reply to the message `x` is always `reply to: x`. */
export function startModelServer(initial: ModelBehaviour = {}): ModelServer {
  let behaviour = initial;
  const requests: ModelRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [provider = "", call = ""] = new URL(request.url).pathname.slice(1).split("/");
    // The built-in provider tries a WebSocket first and goes on without at this status, at any other it tries for 6 s.
    if (request.headers.has("upgrade")) return new Response(null, { status: 426 });
    if (request.method === "GET") return Response.json({ data: [], models: [] });
    const text = await request.text();
    if (call !== "responses" || text === "") return Response.json({}, { status: 404 });
    const seen = describe(decodeURIComponent(provider), request.headers, JSON.parse(text));
    requests.push(seen);
    if (behaviour.failure !== undefined) return failed(behaviour.failure);
    if (behaviour.endless === true) return endless(requests.length);
    return streamed(outputItems(seen, requests.length, behaviour), requests.length);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    baseUrl: (provider) => `${origin}/${encodeURIComponent(provider)}`,
    requests,
    behave: (next) => {
      behaviour = next;
    },
    close: () => server.shutdown(),
  };
}

function failed(failure: NonNullable<ModelBehaviour["failure"]>): Response {
  const error = { message: failure.message, type: "invalid_request_error", code: failure.code };
  return Response.json({ error }, { status: failure.status });
}

function outputItems(seen: ModelRequest, number: number, behaviour: ModelBehaviour): readonly Json[] {
  const own = behaviour.answer?.(seen);
  if (own !== undefined) return own;
  const message: Json = {
    type: "message",
    role: "assistant",
    id: `msg_${number}`,
    content: [{ type: "output_text", text: `reply to: ${seen.userTexts.at(-1) ?? ""}` }],
  };
  if (behaviour.encryptedReasoning === undefined) return [message];
  const reasoning: Json = {
    type: "reasoning",
    id: `rs_${number}`,
    summary: [{ type: "summary_text", text: "thinking" }],
    "encrypted_content": behaviour.encryptedReasoning,
  };
  return [reasoning, message];
}

function streamed(items: readonly Json[], number: number): Response {
  const id = `resp_${number}`;
  const events = [
    { type: "response.created", response: { id } },
    ...items.map((item) => ({ type: "response.output_item.done", item })),
    { type: "response.completed", response: { id, usage: TOKENS } },
  ];
  return new Response(events.map(eventText).join(""), { headers: EVENTS });
}

function endless(number: number): Response {
  const first = eventText({ type: "response.created", response: { id: `resp_${number}` } });
  const body = new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(first)) });
  return new Response(body, { headers: EVENTS });
}

const EVENTS = { "content-type": "text/event-stream" };

function eventText(event: JsonObject & { readonly type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function describe(provider: string, headers: Headers, body: Json): ModelRequest {
  const input = listOrEmpty(fieldOf(body, "input"));
  return {
    provider,
    model: textOrNull(fieldOf(body, "model")) ?? "",
    userTexts: messageTexts(input, "user").filter((text) => !isContext(text)),
    assistantTexts: messageTexts(input, "assistant"),
    encrypted: input.flatMap((item) => textOrNull(fieldOf(item, "encrypted_content")) ?? []),
    headers: Object.fromEntries(headers),
    body,
  };
}

/** Codex sends its environment and the project's instructions as messages of the user. */
function isContext(text: string): boolean {
  return text.startsWith("<") || text.startsWith("# AGENTS");
}

function messageTexts(input: readonly Json[], role: string): readonly string[] {
  return input
    .filter((item) => fieldOf(item, "role") === role)
    .flatMap((item) => listOrEmpty(fieldOf(item, "content")))
    .flatMap((part) => textOrNull(fieldOf(part, "text")) ?? []);
}

function listOrEmpty(value: Json): readonly Json[] {
  return Array.isArray(value) ? value as readonly Json[] : [];
}
