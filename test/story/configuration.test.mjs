/* Configuration written one document at a time: kept beside what is applied, refused with its reason, taken away again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ok, refused, Server } from "./server.mjs";

const promise = { says: "At the counter in five minutes.", within: "5m", kept: "90%" };

describe("a document of the configuration", () => {
  let server;
  const there = async (name) => ok(await server.get("/v1/configuration")).documents.find((d) => d.kind === "promise" && d.name === name);
  before(async () => { server = await Server.start({ files: [{ name: "a.yaml", text: "kind: promise\nname: applied\nsays: Soon.\n" }] }); });
  after(() => server.end());

  test("is written alone, replaced, and stays when a folder is applied and when the server starts again", async () => {
    ok(await server.put("/v1/configuration/promise/counter", promise));
    ok(await server.put("/v1/configuration/promise/counter", { ...promise, kept: "95%" }));
    assert.equal((await there("counter")).kept, "95%");
    ok(await server.post("/v1/configuration", { files: [{ name: "b.yaml", text: "kind: promise\nname: other\nsays: Later.\n" }] }));
    assert.ok(await there("counter") && await there("other"));
    assert.equal(await there("applied"), undefined);
    await server.restart();
    assert.equal((await there("counter")).says, promise.says);
  });

  test("is refused with its reason, and nothing changes", async () => {
    const problems = refused(await server.put("/v1/configuration/promise/counter", { ...promise, within: "soon" }), 422, "invalid_configuration").problems;
    assert.match(problems[0].message, /within is a time/);
    assert.match(problems[0].file, /counter/);
    assert.equal((await there("counter")).within, "5m");
    refused(await server.put("/v1/configuration/promise/counter", [1]), 400, "invalid_json");
    refused(await server.put("/v1/configuration/nothing/counter", {}), 422, "invalid_configuration");
    refused(await server.put("/v1/configuration/promise/other", promise), 409, "written_elsewhere");
    refused(await server.delete("/v1/configuration/promise/other"), 409, "written_elsewhere");
    refused(await server.delete("/v1/configuration/promise/never"), 404, "no_document");
    refused(await server.put("/v1/configuration/promise/counter", promise, { key: server.write }), 403, "denied");
  });

  test("is taken away", async () => {
    ok(await server.delete("/v1/configuration/promise/counter"));
    assert.equal(await there("counter"), undefined);
  });
});
