// The AI SDK (npm packages `ai` and `@ai-sdk/openai`) drives the platform's chat, responses and
// embeddings: streams, tools and structured output. It comes on standard input, in a folder that
// holds the packages. The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({
  baseURL: process.env.SKYTELLS_BASE_URL,
  apiKey: process.env.SKYTELLS_API_KEY,
});
const models = { chat: openai.chat("gpt-5"), responses: openai.responses("gpt-5") };
const prompt = "What is the weather in Paris?";
const report = z.object({ city: z.string(), degrees: z.number().int() });

function tools(asked) {
  return {
    get_weather: tool({
      description: "The weather in a city.",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        asked.push(city);
        return "18 degrees";
      },
    }),
  };
}

for (const [name, model] of Object.entries(models)) {
  test(`${name}: a text, whole and in a stream`, async () => {
    const whole = await generateText({ model, prompt: "What is a fox?", maxRetries: 0 });
    assert.match(whole.text, /What is a fox/);
    assert.ok(whole.usage.outputTokens > 10);
    const streamed = streamText({ model, prompt: "What is a fox?", maxRetries: 0 });
    let text = "";
    for await (const piece of streamed.textStream) text += piece;
    assert.equal(text, whole.text);
    assert.equal(await streamed.finishReason, "stop");
  });

  test(`${name}: tools are called until there is a text`, async () => {
    const asked = [];
    const options = { model, prompt, tools: tools(asked), stopWhen: stepCountIs(4), maxRetries: 0 };
    const whole = await generateText(options);
    assert.match(whole.text, /18 degrees/);
    const streamed = streamText(options);
    await streamed.consumeStream();
    assert.match(await streamed.text, /18 degrees/);
    assert.deepEqual(asked, ["Paris", "Paris"]);
  });

  test(`${name}: required calls end with the tool for the answer`, async () => {
    const asked = [];
    const answer = tool({ description: "The answer.", inputSchema: report });
    const { steps } = await generateText({
      model,
      prompt,
      tools: { ...tools(asked), answer },
      toolChoice: "required",
      stopWhen: stepCountIs(6),
      maxRetries: 0,
    });
    assert.deepEqual(asked, ["Paris"]);
    assert.equal(steps.length, 2);
    const [call] = steps[1].toolCalls;
    assert.deepEqual([call.toolName, call.input.city], ["answer", "Paris"]);
  });

  test(`${name}: an object fits its schema`, async () => {
    const output = Output.object({ schema: report });
    const whole = await generateText({ model, prompt, output, maxRetries: 0 });
    assert.equal(whole.output.city, "Paris");
    const streamed = streamText({ model, prompt, output, maxRetries: 0 });
    await streamed.consumeStream();
    assert.equal((await streamed.output).city, "Paris");
  });

  test(`${name}: a tool and an object`, async () => {
    const asked = [];
    const whole = await generateText({
      model,
      prompt,
      tools: tools(asked),
      output: Output.object({ schema: report }),
      stopWhen: stepCountIs(4),
      maxRetries: 0,
    });
    assert.deepEqual([asked, whole.output.city], [["Paris"], "Paris"]);
  });

  test(`${name}: a refusal has its status`, async () => {
    await assert.rejects(
      generateText({ model, prompt: "a massacre", maxRetries: 0 }),
      (error) => error.statusCode === 451,
    );
  });
}

test("embeddings", async () => {
  const { embeddings } = await embedMany({
    model: openai.embedding("skytells-embed-3-small"),
    values: ["a fox", "a wolf"],
    maxRetries: 0,
  });
  assert.deepEqual(
    embeddings.map((one) => one.length),
    [1536, 1536],
  );
});
