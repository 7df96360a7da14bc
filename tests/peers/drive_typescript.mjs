// The npm package `skytells` drives the platform through every call that it has, and plain `fetch`
// collects what came out. It comes on standard input, in a folder that holds the package.
//
// The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY. The platform takes
// no other key, and it fails what is asked of `truefusion-pro`.

import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PredictionStatus, SkytellsClient, SkytellsError, createClient } from "skytells";

const baseUrl = process.env.SKYTELLS_BASE_URL;
const key = process.env.SKYTELLS_API_KEY;
const client = createClient(key, { baseUrl });

const IMAGE = "flux-edge";
const TEXT = "local-text";
const FAILING = "truefusion-pro";
const LONG = "truefusion-video-pro";
const NOBODY = "00000000-0000-4000-8000-000000000000";

const input = { prompt: "a fox" };
const webhook = { url: "http://127.0.0.1:9/hook", events: ["completed", "failed"] };
const over = new Set(["succeeded", "failed", "cancelled"]);

async function finished(prediction) {
  let latest = prediction;
  while (!over.has(latest.status)) {
    await sleep(20);
    latest = await client.getPrediction(prediction.id);
    hasShape(latest);
  }
  return latest;
}

function hasShape(prediction) {
  assert.ok(Object.values(PredictionStatus).includes(prediction.status), prediction.status);
  for (const name of ["id", "created_at", "updated_at", "privacy"]) {
    assert.equal(typeof prediction[name], "string", name);
  }
  assert.equal(typeof prediction.stream, "boolean");
  assert.deepEqual(Object.keys(prediction.model), ["name", "type"]);
  assert.deepEqual(Object.keys(prediction.webhook), ["url", "events"]);
}

// An application's endpoint: it collects what it is told, and answers the first time with 500.
async function listening() {
  const told = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    told.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(told.length === 1 ? 500 : 204).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { told, server, url: `http://127.0.0.1:${server.address().port}/hook` };
}

function isSigned({ headers, body }) {
  const expected = createHmac("sha256", key).update(body).digest();
  const given = Buffer.from(headers["x-skytells-signature"], "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function refusal(httpStatus, errorId) {
  return (error) => {
    assert.ok(error instanceof SkytellsError, error);
    assert.equal(error.httpStatus, httpStatus);
    if (errorId) assert.equal(error.errorId, errorId);
    assert.equal(typeof error.details, "string");
    assert.ok(error.message);
    return true;
  };
}

test("a prediction is created, looked at and found done", async () => {
  const created = await client.predict({ model: IMAGE, input, webhook });
  hasShape(created);
  assert.equal(created.status, PredictionStatus.PENDING);
  assert.deepEqual(created.webhook, webhook);
  assert.deepEqual(created.input, input);
  const done = await finished(created);
  assert.equal(done.status, PredictionStatus.SUCCEEDED);
  assert.ok(done.metrics.predict_time > 0);
  assert.equal(done.metrics.image_count, 1);
  assert.ok(done.metadata.billing.credits_used > 0);
  assert.deepEqual(done.output, done.metadata.storage.files.map((file) => file.url));
});

test("an awaited prediction is done, and its files can be fetched", async () => {
  const prediction = await client.predict({
    model: IMAGE,
    input: { ...input, num_outputs: 2 },
    await: true,
  });
  assert.equal(prediction.status, PredictionStatus.SUCCEEDED);
  assert.equal(prediction.output.length, 2);
  for (const [place, url] of prediction.output.entries()) {
    const answer = await fetch(url);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const file = prediction.metadata.storage.files[place];
    assert.equal(answer.headers.get("content-type"), file.type);
    assert.equal(bytes.length, file.size);
    assert.equal(bytes.toString("latin1", 1, 4), "PNG");
  }
});

test("a text model answers in words", async () => {
  const prediction = await client.predict({ model: TEXT, input, await: true });
  assert.equal(typeof prediction.output, "string");
});

test("a failed prediction is an answer, not an error", async () => {
  const prediction = await client.predict({ model: FAILING, input, await: true });
  assert.equal(prediction.status, PredictionStatus.FAILED);
  assert.equal(prediction.response, "NSFW content detected.");
  assert.equal(prediction.output, null);
});

test("fifty predictions at once", async () => {
  const prompts = Array.from({ length: 50 }, (_, number) => `fox ${number}`);
  const created = await Promise.all(
    prompts.map((prompt) => client.predict({ model: IMAGE, input: { prompt } })),
  );
  assert.deepEqual(created.map((one) => one.input.prompt), prompts);
  const done = await Promise.all(created.map(finished));
  assert.ok(done.every((one) => one.status === PredictionStatus.SUCCEEDED));
});

test("stream, cancel, delete", async () => {
  const { id } = await client.predict({ model: LONG, input, stream: true, await: true });
  const streaming = await client.streamPrediction(id);
  assert.equal(streaming.stream, true);
  assert.ok(URL.canParse(streaming.urls.stream));
  const cancelled = await client.cancelPrediction(id);
  assert.equal(cancelled.status, PredictionStatus.CANCELLED);
  await assert.rejects(client.cancelPrediction(id), refusal(409));
  assert.equal((await client.deletePrediction(id)).id, id);
  await assert.rejects(client.getPrediction(id), refusal(404));
});

test("a deleted prediction's files are gone", async () => {
  const prediction = await client.predict({ model: IMAGE, input, await: true });
  assert.equal((await fetch(prediction.output[0])).status, 200);
  await client.deletePrediction(prediction.id);
  assert.equal((await fetch(prediction.output[0])).status, 404);
});

test("a prediction's own URLs lead to it", async () => {
  const { id, urls } = await client.predict({ model: LONG, input });
  const headers = { "x-api-key": key };
  assert.equal((await (await fetch(urls.get, { headers })).json()).id, id);
  const cancelled = await fetch(urls.cancel, { method: "POST", headers });
  assert.equal((await cancelled.json()).status, PredictionStatus.CANCELLED);
  const deleted = await fetch(urls.delete, { method: "DELETE", headers });
  assert.equal((await deleted.json()).id, id);
});

test("a webhook is told of the end, signed, until it takes it", { timeout: 10_000 }, async (context) => {
  const { told, server, url } = await listening();
  context.after(() => server.close());
  const webhook = { url, events: ["completed"] };
  const { id } = await client.predict({ model: IMAGE, input, webhook });
  while (told.length < 2) await sleep(20, null, { signal: context.signal });
  for (const delivery of told) {
    assert.equal(delivery.headers["content-type"], "application/json");
    assert.ok(isSigned(delivery));
    const prediction = JSON.parse(delivery.body);
    hasShape(prediction);
    assert.equal(prediction.id, id);
    assert.equal(prediction.status, PredictionStatus.SUCCEEDED);
  }
});

test("models", async () => {
  const models = await client.listModels();
  assert.ok(models.length > 1);
  for (const model of models) {
    for (const name of ["name", "namespace", "type", "status"]) {
      assert.equal(typeof model[name], "string", name);
    }
    assert.equal(typeof model.pricing.amount, "number");
    assert.equal(typeof model.pricing.currency, "string");
    assert.equal(typeof model.pricing.unit, "string");
  }
});

test("refusals", async () => {
  const stranger = new SkytellsClient("sk-wrong", { baseUrl });
  await assert.rejects(stranger.listModels(), refusal(401, "UNAUTHORIZED"));
  await assert.rejects(createClient(undefined, { baseUrl }).listModels(), refusal(401));
  const missing = client.predict({ model: "no-such-model", input });
  await assert.rejects(missing, refusal(404, "MODEL_NOT_FOUND"));
  await assert.rejects(client.predict({ input }), refusal(422, "VALIDATION_ERROR"));
  await assert.rejects(client.predict({ model: IMAGE, input: { prompt: 7 } }), refusal(422));
  for (const call of ["getPrediction", "streamPrediction", "cancelPrediction", "deletePrediction"]) {
    await assert.rejects(client[call](NOBODY), refusal(404));
  }
});

test("a client that gives up leaves the prediction running", async () => {
  const prompt = "left alone";
  const hasty = createClient(key, { baseUrl, timeout: 50 });
  const request = hasty.predict({ model: IMAGE, input: { prompt }, await: true });
  await assert.rejects(request, refusal(408, "REQUEST_TIMEOUT"));
  const headers = { "x-api-key": key };
  const page = await (await fetch(`${baseUrl}/predictions`, { headers })).json();
  assert.equal(page.data[0].input.prompt, prompt);
  assert.equal((await finished(page.data[0])).status, PredictionStatus.SUCCEEDED);
});
