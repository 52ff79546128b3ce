// Against a real server: ARGOSY_URL, ARGOSY_KEY (of the scope `public`).
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { Storefront } from "../dist/index.js";

const url = process.env.ARGOSY_URL;
const key = process.env.ARGOSY_KEY;
const fallback = ["tea", "milk", "sugar"];
const shop = (more = {}) =>
  new Storefront({ url, key, visitorId: "v-node", fallback, timeoutMs: 10_000, ...more });

test("recommendations come from the server", async () => {
  const answer = await shop().recommend({ placement: "home", market: "DE", limit: 3 });
  assert.equal(answer.items.length, 3);
  assert.ok(answer.recommendation_id);
  assert.doesNotMatch(answer.served_by, /fallback/);
});

test("events go out in batches and are on disk", async () => {
  const front = shop({ batchSize: 20, flushMs: 60_000 });
  for (let n = 0; n < 45; n += 1) front.track({ kind: "view", product_id: "tea" });
  await front.flush();
  await front.flush();
  assert.equal(front.pending, 0);
});

test("a server that is slow is not waited for", async () => {
  const slow = createServer(() => {}); // never answers
  await new Promise((ready) => slow.listen(0, "127.0.0.1", ready));
  const front = shop({ url: `http://127.0.0.1:${slow.address().port}`, timeoutMs: 50 });
  const started = performance.now();
  const answer = await front.recommend({ limit: 5, exclude: ["milk"] });
  assert.ok(performance.now() - started < 1_000);
  assert.deepEqual(answer.items.map((item) => item.product_id), ["tea", "sugar"]);
  assert.equal(answer.served_by, "fallback: timeout");
  assert.equal(answer.degraded, true);
  slow.closeAllConnections();
  slow.close();
});

test("events are kept while the server is away, each sent under the id it has", async () => {
  const batches = [];
  let away = true;
  const flaky = async (_, init) => {
    batches.push(JSON.parse(init.body).events.map((event) => event.event_id));
    if (away) throw new TypeError("away");
    return new Response("{}", { status: 202 });
  };
  const front = shop({ fetch: flaky, flushMs: 60_000 });
  front.track({ kind: "cart", product_id: "tea" });
  await front.flush();
  assert.equal(front.pending, 1);
  away = false;
  await front.flush();
  assert.equal(front.pending, 0);
  assert.deepEqual(batches[0], batches[1]);
});

test("what is refused as wrong is not sent for ever", async () => {
  const front = shop({ fetch: async () => new Response("{}", { status: 422 }), flushMs: 60_000 });
  front.track({ kind: "view", product_id: "tea" });
  await front.flush();
  assert.equal(front.pending, 0);
});

test("a public key may ask for nothing else", async () => {
  const headers = { "X-API-Key": key };
  for (const path of ["/v1/kpis", "/v1/data/tables", "/v1/models", "/v1/placements"]) {
    assert.equal((await fetch(url + path, { headers })).status, 403, path);
  }
});
