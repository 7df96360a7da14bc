// The npm package `openai` drives the platform's inference. It reads streams with a decoder of its
// own, decodes vectors by itself, and has a loop that calls tools. It comes on standard input, in a
// folder that holds the package.
//
// The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY. It takes no other
// key, which travels as `Authorization: Bearer`.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const baseURL = process.env.SKYTELLS_BASE_URL;
const apiKey = process.env.SKYTELLS_API_KEY;
const client = new OpenAI({ apiKey, baseURL, maxRetries: 0 });

const model = "gpt-5";
const messages = [{ role: "user", content: "What is a fox?" }];
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

function faulty(fault) {
  return { headers: { "X-Skytells-Local-Fault": fault } };
}

async function textOf(chunks) {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

async function said() {
  const completion = await client.chat.completions.create({ model, messages });
  assert.equal(completion.choices[0].finish_reason, "stop");
  return completion.choices[0].message.content;
}

test("a stream says what the whole answer says", async () => {
  const stream_options = { include_usage: true };
  const chunks = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options,
  });
  assert.equal(await textOf(chunks), await said());
  const whole = await client.chat.completions.stream({ model, messages }).finalContent();
  assert.equal(whole, await said());
});

test("every lawful form of a stream is the same", async () => {
  for (const form of ["crlf", "multi-line", "obfuscation", "comments crlf multi-line"]) {
    const options = faulty(`variants=${form}`);
    const chunks = await client.chat.completions.create({ model, messages, stream: true }, options);
    assert.equal(await textOf(chunks), await said(), form);
  }
});

test("an error within a stream is one", async () => {
  const options = faulty("stream=error, after=3");
  const chunks = await client.chat.completions.create({ model, messages, stream: true }, options);
  await assert.rejects(textOf(chunks), (error) => {
    assert.ok(error instanceof OpenAI.APIError, error);
    assert.equal(error.error.error_id, "INFERENCE_ERROR");
    return true;
  });
});

test("tools are called until there is an answer", async () => {
  const asked = [];
  const get_weather = {
    name: "get_weather",
    description: "The weather in a city.",
    parameters,
    parse: JSON.parse,
    function: ({ city }) => {
      asked.push(city);
      return "18 °C";
    },
  };
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: "user", content: "What is the weather in Paris?" }],
    tools: [{ type: "function", function: get_weather }],
  });
  assert.match(await runner.finalContent(), /18 °C/);
  assert.deepEqual(asked, ["Paris"]);
});

test("an answer has the shape that was asked for", async () => {
  const schema = { name: "place", strict: true, schema: parameters };
  const completion = await client.chat.completions.parse({
    model,
    messages,
    response_format: { type: "json_schema", json_schema: schema },
  });
  assert.equal(typeof JSON.parse(completion.choices[0].message.content).city, "string");
});

test("a response, whole and told step by step", async () => {
  const input = "What is a fox?";
  const whole = await client.responses.create({ model, input, store: true });
  assert.equal(whole.status, "completed");
  const stream = client.responses.stream({ model, input });
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  assert.deepEqual([kinds[0], kinds.at(-1)], ["response.created", "response.completed"]);
  assert.equal((await stream.finalResponse()).output_text, whole.output_text);
  const more = { model, input: "And a wolf?", previous_response_id: whole.id };
  assert.match((await client.responses.create(more)).output_text, /And a wolf/);
});

test("vectors are the same, however they travel", async () => {
  const asked = { model: "skytells-embed-3-small", input: ["a fox", "a wolf"] };
  const packed = await client.embeddings.create(asked); // it asks for base64 by itself
  const plain = await client.embeddings.create({ ...asked, encoding_format: "float" });
  for (const [place, { embedding }] of packed.data.entries()) {
    assert.equal(embedding.length, 1536);
    const other = plain.data[place].embedding;
    assert.ok(embedding.every((number, at) => Math.abs(number - other[at]) < 1e-6));
  }
});

test("refusals have their kind, their code and the id of their request", async () => {
  const stranger = new OpenAI({ apiKey: "sk-wrong", baseURL, maxRetries: 0 });
  const chat = (change, by = client, options = {}) =>
    by.chat.completions.create({ model, messages, ...change }, options);
  const massacre = [{ role: "user", content: "a massacre" }];
  const cases = [
    [OpenAI.AuthenticationError, 401, "invalid_api_key", () => chat({}, stranger)],
    [OpenAI.NotFoundError, 404, "model_not_found", () => chat({ model: "nobody" })],
    [OpenAI.BadRequestError, 400, "invalid_parameter", () => chat({ temperature: 3 })],
    [OpenAI.APIError, 451, "content_filter", () => chat({ messages: massacre })],
    [
      OpenAI.RateLimitError,
      429,
      "rate_limit_exceeded",
      () => chat({}, client, faulty("error=RATE_LIMITED")),
    ],
    [
      OpenAI.InternalServerError,
      504,
      "inference_timeout",
      () => chat({}, client, faulty("error=INFERENCE_TIMEOUT")),
    ],
  ];
  for (const [kind, status, code, ask] of cases) {
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof kind, error);
      assert.deepEqual([error.status, error.code], [status, code]);
      assert.equal(error.error.request_id, error.requestID);
      return true;
    });
  }
});
