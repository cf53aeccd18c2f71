/* What an engineer lives with: health, figures, the interface described, keys, configuration, journeys, imports, and the verbs of the program. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { attune, configurationOf, DAY, identify, iso, ok, refused, root, Server, sleep, track, until, uuid } from "./server.mjs";

let server, folder;
before(async () => { server = await Server.start(); folder = mkdtempSync(join(tmpdir(), "attune-files-")); });
after(async () => { await server.end(); rmSync(folder, { recursive: true, force: true }); });
const file = (name, text) => { const path = join(folder, name); writeFileSync(path, text); return path; };
const toServer = () => ["--key", server.secret, "--server", server.url];

describe("the figures", () => {
  /* The text format of Prometheus: HELP, TYPE, samples of that name, numbers. */
  const parse = (text) => {
    const types = new Map(), samples = new Map(), helps = new Set();
    assert.ok(text.endsWith("\n"));
    for (const line of text.split("\n").filter(Boolean)) {
      const help = line.match(/^# HELP (\w+) (.+)$/), type = line.match(/^# TYPE (\w+) (counter|gauge|histogram|summary)$/);
      if (help) { assert.ok(!helps.has(help[1]), `${help[1]} is explained once`); helps.add(help[1]); continue; }
      if (type) { assert.ok(!types.has(type[1])); types.set(type[1], type[2]); continue; }
      const sample = line.match(/^([a-zA-Z_:][\w:]*)(\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+?Inf|NaN))$/);
      assert.ok(sample, `no sample: ${line}`);
      const family = types.has(sample[1]) ? sample[1] : sample[1].replace(/_(bucket|sum|count)$/, "");
      assert.ok(types.has(family) && helps.has(family), `${sample[1]} has a type and a help before it`);
      assert.ok(!samples.has(sample[1] + (sample[2] ?? "")), `${line} is there once`);
      samples.set(sample[1] + (sample[2] ?? ""), Number(sample[3]));
    }
    return { types, samples };
  };
  const figures = async () => { const answer = await server.get("/metrics", { key: null }); assert.match(answer.headers["content-type"], /^text\/plain; version=0\.0\.4/); return parse(answer.text); };

  test("are Prometheus text, and every counter ends in _total", async () => {
    const { types, samples } = await figures();
    assert.ok(types.size > 20);
    for (const [name, type] of types) {
      assert.match(name, /^attune_/);
      if (type === "counter") assert.match(name, /_total$/);
      if (type !== "histogram") continue;
      const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`));
      for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i][1] >= buckets[i - 1][1], "buckets grow");
      assert.equal(samples.get(`${name}_bucket{le="+Inf"}`), samples.get(`${name}_count`));
      assert.ok(samples.get(`${name}_sum`) >= 0, "a histogram has a sum");
    }
  });
  test("count what happens: accepted, refused, sent twice, decided, streams", async () => {
    const before = (await figures()).samples, event = track({ userId: "figures" }, "Seen");
    await server.send([event, event, { type: "track", userId: "figures" }]);
    await server.decide("user:figures", "app-home");
    const { samples } = await figures();
    for (const [name, more] of [["events_accepted_total", 1], ["events_duplicate_total", 1], ["events_refused_total", 1], ["decisions_total", 1], ["dead_letters_total", 1]])
      assert.equal(samples.get(`attune_${name}`) - before.get(`attune_${name}`), more, name);
  });
});

test("healthz and readyz answer anybody, in a word", async () => {
  assert.deepEqual([(await server.get("/healthz", { key: null })).text, (await server.get("/readyz", { key: null })).text], ["ok\n", "ready\n"]);
});

test("openapi.json is OpenAPI 3.1 in shape and lists every route there is, in docs and on the wire", async () => {
  const api = ok(await server.get("/openapi.json", { key: null }));
  assert.match(api.openapi, /^3\.1\.\d+$/);
  assert.ok(api.info.title && api.info.version);
  const listed = new Set();
  for (const [path, operations] of Object.entries(api.paths)) {
    assert.match(path, /^\//);
    for (const [method, operation] of Object.entries(operations)) {
      listed.add(`${method.toUpperCase()} ${path}`);
      assert.ok(["get", "post", "put", "delete"].includes(method));
      assert.ok(operation.summary.length > 5 && operation.responses["200"].description && operation.responses.default);
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      assert.deepEqual(operation.parameters.map((one) => one.name), wanted, `${path} explains its parameters`);
      for (const one of operation.parameters) assert.ok(one.in === "path" && one.required === true && one.schema.type);
      for (const need of operation.security ?? []) for (const name of Object.keys(need)) assert.ok(api.components.securitySchemes[name], name);
    }
  }
  for (const [, pointer] of JSON.stringify(api).matchAll(/"\$ref":"#([^"]+)"/g)) assert.ok(pointer.slice(1).split("/").reduce((at, name) => at?.[name], api), pointer);
  const described = [...attune("describe", "routes").out.matchAll(/^\| (\w+) \| `([^`]+)`/gm)].map(([, method, path]) => `${method} ${path}`);
  assert.ok(described.length > 40);
  assert.deepEqual([...listed].sort(), described.sort());
});

describe("keys", () => {
  const everything = (path) => readdirSync(path).flatMap((name) => { const at = join(path, name); return statSync(at).isDirectory() ? everything(at) : [at]; });
  test("are shown once and are nowhere in the data folder, nor in the log", async () => {
    const made = ok(await server.post("/v1/keys", { scope: "write", source: "app" })).key;
    const secret = ok(await server.post("/v1/keys", { scope: "secret", source: "crm" })).key;
    assert.match(made, /^at_write_[0-9a-f]{8}_[a-z2-9]{32}$/);
    await server.send([track({ anonymousId: "keyed", writeKey: made }, "Seen")], { key: made });
    ok(await server.post("/v1/batch", { batch: [track({ anonymousId: "keyed" }, "Seen")], writeKey: made }, { key: null }));
    refused(await server.post("/v1/batch", { batch: 7, writeKey: made }, { key: null }), 400, "no_batch");
    await server.post("/v1/snapshot", {});
    for (const key of [server.secret, server.write, made, secret])
      for (const path of everything(server.folder)) assert.ok(!readFileSync(path).includes(key.split("_")[3]), `${path} holds a key`);
    for (const key of [server.secret, server.write, made, secret]) assert.ok(!server.log.includes(key));
    const list = await server.get("/v1/keys");
    for (const key of [server.secret, server.write, made, secret]) assert.ok(!list.text.includes(key.split("_")[3]), "and no answer shows one again");
  });
  test("that are made work at once, after a restart, and name the source of what they send", async () => {
    const key = ok(await server.post("/v1/keys", { scope: "write", source: "machine" })).key;
    await server.restart();
    await server.send([track({ anonymousId: "at-the-machine" }, "Card In")], { key });
    const event = (await server.timeline((await server.card("anonymous:at-the-machine")).cid)).find((one) => one.name === "Card In");
    assert.deepEqual([event.source, event.channel], ["machine", "machine"], "the channel is the source's");
  });
  test("files of keys and secrets are for their owner alone", () => {
    for (const name of ["keys", "signing-secret", "directory-key"]) assert.equal(statSync(join(server.folder, name)).mode & 0o077, 0, name);
  });
});

describe("the configuration", () => {
  const harbour = configurationOf(join(root, "demo/harbour"));
  test("with a problem changes nothing: 422 with file, line, column and a sentence", async () => {
    const before = ok(await server.get("/v1/configuration"));
    for (const [text, line, message] of [
      ["kind: surface\nname: x\ntype: menu\nslotz: 6\n", 4, /slots/], ["kind: surfase\nname: x\n", 1, /surface/], ["kind: purpose\nname: p\ntitle: [\n", null, /./],
      ["kind: purpose\nname: p\n", null, /title/], ["name: nameless\n", null, /kind/], ["kind: surface\nname: x\ntype: moon\n", 3, /menu|usual|type/],
    ]) {
      const answer = await server.post("/v1/configuration", { files: [...harbour, { name: "wrong.yaml", text }] });
      assert.equal(answer.status, 422, `${text}: ${answer.text}`);
      assert.equal(answer.body.code, "invalid_configuration");
      const problem = answer.body.problems.find((one) => one.file === "wrong.yaml");
      assert.ok(problem, answer.text);
      assert.ok(problem.line >= 1 && problem.column >= 1);
      if (line) assert.equal(problem.line, line, JSON.stringify(problem));
      assert.match(problem.message, message);
    }
    assert.deepEqual(ok(await server.get("/v1/configuration")), before);
  });
  test("keeps its versions over restarts and kill -9", async () => {
    const { version } = ok(await server.get("/v1/configuration"));
    assert.equal(ok(await server.post("/v1/configuration", { files: harbour })).version, version + 1);
    await server.kill();
    await server.up();
    const after = ok(await server.get("/v1/configuration"));
    assert.equal(after.version, version + 1);
    assert.ok(after.documents.length > 20);
    await server.restart();
    assert.deepEqual(ok(await server.get("/v1/configuration")), after);
  });
  test("is checked and put in force by the verbs, which say where something is wrong", () => {
    const good = attune("check", join(root, "demo/harbour"));
    assert.deepEqual([good.code, good.err], [0, ""]);
    assert.match(good.out, /^\d+ documents in \d+ files: all right\.\n$/);
    const bad = join(folder, "bad");
    mkdirSync(bad, { recursive: true });
    writeFileSync(join(bad, "one.yaml"), "kind: surface\nname: x\ntype: menu\nslotz: 6\n");
    const wrong = attune("check", bad);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /one\.yaml:4:\d+: .*slots/);
    const asJson = attune("check", bad, "--json");
    assert.equal(asJson.code, 1);
    assert.equal(JSON.parse(asJson.out).problems[0].line, 4);
    assert.match(attune("apply", bad, ...toServer()).err, /slots[\s\S]*nothing was changed/);
    const empty = join(folder, "empty");
    mkdirSync(empty, { recursive: true });
    assert.equal(attune("check", empty).code, 1);
    assert.match(attune("check", join(folder, "nowhere")).err, /nowhere/);
    const applied = attune("apply", join(root, "demo/harbour"), ...toServer());
    assert.equal(applied.code, 0, applied.err);
    assert.match(applied.out, /In force: .*"version":\d+/);
    const denied = attune("apply", join(root, "demo/harbour"), "--key", server.write, "--server", server.url);
    assert.deepEqual([denied.code, /denied/.test(denied.err)], [1, true]);
    const nobody = attune("apply", join(root, "demo/harbour"), "--key", server.secret, "--server", "http://127.0.0.1:9");
    assert.equal(nobody.code, 1);
    assert.ok(nobody.err.length > 10);
  });
});

describe("the overview", () => {
  test("counts customers, and each figure opens to those who agreed to analytics", async () => {
    const one = await Server.start();
    try {
      const events = [...Array(24)].flatMap((_, i) => [identify({ userId: `seen-${i}` }, { name: `Seen ${i}` }), track({ userId: `seen-${i}` }, "Looked", {}, { context: { channel: i < 15 ? "app" : "web" } })]);
      await one.send([...events, track({ anonymousId: "nobody" }, "Looked", {}, { context: { channel: "app" } })]);
      const agree = async (i, purpose) => ok(await one.post(`/v1/customers/${(await one.card(`user:seen-${i}`)).cid}/consents`, { purpose, answer: "yes", channel: "web" }));
      for (const [i, purpose] of [[0, "analytics"], [1, "personalisation"], [15, "analytics"]]) await agree(i, purpose);
      const few = ok(await one.get("/v1/overview"));
      assert.equal(few.agreed, null, "three are too few");
      assert.deepEqual(few.channels.map((row) => [row.channel, row.customers]).sort(), [["app", 16], ["web", null]], "nine are too few");
      const closed = ok(await one.get("/v1/customers?who=agreed"));
      assert.deepEqual([closed.hidden, closed.total, closed.customers], [true, 0, []], "what is too small to be shown is not opened");
      for (let i = 2; i < 10; i++) await agree(i, "personalisation");
      const seen = ok(await one.get("/v1/overview"));
      const open = async (query) => { const list = ok(await one.get(`/v1/customers?${query}`)); return [list.total, list.withheld, list.customers.map((row) => row.name)]; };
      const on = (channel) => seen.channels.find((row) => row.channel === channel).customers;
      assert.deepEqual(await open("channel=app"), [on("app"), on("app") - 1, ["Seen 0"]]);
      assert.deepEqual((await open("who=identified")).slice(0, 2), [seen.identified, seen.identified - 2]);
      assert.deepEqual((await open("who=agreed")).slice(0, 2), [seen.agreed, 9]);
      assert.deepEqual(await open("channel=phone"), [0, 0, []]);
      assert.equal(ok(await one.get("/v1/customers")).customers.length, 25, "the list of all customers is as it was");
      refused(await one.get("/v1/customers?channel=fax"), 400, "invalid_channel");
      refused(await one.get("/v1/customers?who=everybody"), 400, "invalid_who");
    } finally { await one.end(); }
  });
});

describe("journeys", () => {
  test("count what was sent: edges, starts, ends and courses, and hide what fewer than ten did", async () => {
    const one = await Server.start();
    try {
      const begun = Date.now() - 5 * DAY, events = [];
      const walk = (who, steps) => steps.forEach((name, i) => events.push(track({ userId: who }, name, {}, { timestamp: iso(begun + i * 60000) })));
      for (let i = 0; i < 12; i++) walk(`most-${i}`, ["Basket", "Pay", "Done"]);
      for (let i = 0; i < 3; i++) walk(`few-${i}`, ["Basket", "Basket", "Leave"]);
      await one.send(events);
      const seen = ok(await one.get("/v1/journeys"));
      assert.deepEqual([seen.customers, seen.cases, seen.events], [15, 15, 45]);
      assert.deepEqual(seen.activities.map((row) => row.activity).sort(), ["Basket", "Done", "Pay"]);
      const edge = (from, to) => seen.edges.find((row) => row.from === from && row.to === to)?.n;
      assert.deepEqual([edge("Basket", "Pay"), edge("Pay", "Done")], [12, 12]);
      assert.equal(seen.edges.find((row) => row.from === "Basket" && row.to === "Pay").p50_ms, 60000);
      assert.equal(seen.starts.find((row) => row.activity === "Basket").n, 15);
      assert.deepEqual(seen.variants.map(({ activities, n }) => [activities, n]), [[["Basket", "Pay", "Done"], 12]]);
      assert.equal(seen.hidden, true, "and it says that something is hidden");
      for (const row of [...seen.edges, ...seen.starts, ...seen.ends]) assert.ok(row.n >= 10, `${JSON.stringify(row)} is of fewer than ten customers`);
      for (const row of seen.repeats) assert.ok(row.cases >= 10, JSON.stringify(row));
      const goal = ok(await one.get("/v1/journeys?cut=goal&goal=Done"));
      assert.match(goal.sentence, /^12 of 15 /);
      assert.equal(ok(await one.get("/v1/journeys?channel=phone")).events, 0);
      await one.kill();
      await one.up();
      assert.deepEqual(ok(await one.get("/v1/journeys")).edges, seen.edges, "the same after kill -9");
    } finally { await one.end(); }
  });
  test("of fewer than ten customers show nothing but that", async () => {
    const one = await Server.start();
    try {
      await one.send([...Array(9)].flatMap((_, i) => [track({ userId: `nine-${i}` }, "In"), track({ userId: `nine-${i}` }, "Out")]));
      const seen = ok(await one.get("/v1/journeys"));
      assert.deepEqual([seen.edges, seen.starts, seen.ends, seen.variants, seen.repeats, seen.events], [[], [], [], [], [], 0]);
      assert.match(seen.sentence, /Too few customers/);
      await one.send([track({ userId: "nine-9" }, "In"), track({ userId: "nine-9" }, "Out")]);
      assert.equal(ok(await one.get("/v1/journeys")).edges[0].n, 10, "the tenth opens it");
    } finally { await one.end(); }
  });
  test("are cut by a property that events share, whatever happens between them", async () => {
    const one = await Server.start({ settings: { "journeys-read-max": 600 } });
    try {
      const begun = Date.now() - 5 * DAY, events = [];
      const at = (who, hour, name, properties) => events.push(track({ userId: who }, name, properties, { timestamp: iso(begun + hour * 3600 * 1000) }));
      for (let i = 0; i < 12; i++) {
        const who = `buyer-${i}`;
        at(who, 0, "Ordered", { order_id: 17, basket: { kind: "big" } }); /* The same number at every customer is twelve orders. */
        at(who, 1, "Ordered", { order_id: "b-2" });
        at(who, 30, "Paid", { order_id: "17" });
        at(who, 50, "Browsed", {});
        at(who, 60, "Returned", { order_id: "b-2" });
        at(who, 60, "Refunded", { order_id: "b-2" });
      }
      await one.send(events.reverse());
      const seen = ok(await one.get("/v1/journeys?cut=property&property=order_id&goal=Paid"));
      assert.deepEqual([seen.customers, seen.cases, seen.events, seen.without], [12, 24, 60, 12]);
      assert.deepEqual(seen.edges.map((row) => [row.from, row.to, row.n, row.p50_ms]).sort(),
        [["Ordered", "Paid", 12, 30 * 3600000], ["Ordered", "Refunded", 12, 59 * 3600000], ["Refunded", "Returned", 12, 0]],
        "at the same moment the order of arrival counts");
      assert.deepEqual(seen.variants.map((row) => [row.activities, row.n, row.customers]).sort(), [[["Ordered", "Paid"], 12, 12], [["Ordered", "Refunded", "Returned"], 12, 12]]);
      assert.match(seen.sentence, /^12 of 24 journeys reached the goal/);
      assert.deepEqual(seen.properties, ["bill_id", "card_id"], "what the configured journeys go by");
      const nested = ok(await one.get("/v1/journeys?cut=property&property=basket.kind"));
      assert.deepEqual([nested.cases, nested.events], [12, 12]);
      const short = ok(await one.get(`/v1/journeys?cut=property&property=order_id&to=${iso(begun + 2 * 3600 * 1000)}`));
      assert.deepEqual([short.cases, short.events], [24, 24], "only what lies in the time asked");
      assert.equal(ok(await one.get("/v1/journeys?cut=property&property=order_id&gap=1h")).cases, 48, "a silence cuts as well when it is asked for");
      assert.match(ok(await one.get("/v1/journeys?cut=property&property=order")).sentence, /No event in this time carries the property "order"/);
      refused(await one.get("/v1/journeys?cut=property"), 400, "no_property");
      await one.kill();
      await one.up();
      assert.deepEqual(ok(await one.get("/v1/journeys?cut=property&property=order_id&goal=Paid")).edges, seen.edges, "the same after kill -9");
      await one.send([...Array(600)].map((_, i) => track({ userId: "many" }, "Looked", { order_id: i })));
      refused(await one.get("/v1/journeys?cut=property&property=order_id"), 422, "too_many_events");
      assert.equal(ok(await one.get(`/v1/journeys?cut=property&property=order_id&to=${iso(Date.now() - DAY)}`)).cases, 24, "who has nothing in the time asked is not read");
    } finally { await one.end(); }
  });
  test("open to their customers: those who agreed to analytics by name, the others as a number", async () => {
    const one = await Server.start();
    try {
      const begun = Date.now() - 5 * DAY, events = [];
      const walk = (who, day, steps) => steps.forEach((name, i) => events.push(track({ userId: who }, name, {}, { timestamp: iso(begun + day * DAY + i * 60000) })));
      for (let i = 0; i < 14; i++) { walk(`most-${i}`, 0, ["Basket", "Pay"]); walk(`most-${i}`, 1, ["Basket", "Basket", "Leave"]); }
      for (let i = 0; i < 3; i++) walk(`few-${i}`, 0, ["Basket", "Call"]);
      await one.send(events);
      for (let i = 0; i < 4; i++) {
        const { cid } = await one.card(`user:most-${i}`);
        ok(await one.post(`/v1/customers/${cid}/consents`, { purpose: "analytics", answer: i === 3 ? "no" : "yes", channel: "web", version: "1" }));
      }
      await one.send([identify({ userId: "most-0" }, { name: "Ana Moll" })]);
      const seen = ok(await one.get("/v1/journeys?goal=Pay"));
      const open = async (of) => ok(await one.get(`/v1/journeys/customers?goal=Pay&${new URLSearchParams(of)}`));
      const figures = [
        ...seen.activities.map((row) => [{ of: "step", activity: row.activity }, row.customers]),
        ...seen.edges.map((row) => [{ of: "edge", activity: row.from, next: row.to }, row.customers]),
        ...seen.starts.map((row) => [{ of: "start", activity: row.activity }, row.customers]), ...seen.ends.map((row) => [{ of: "end", activity: row.activity }, row.customers]),
        ...seen.repeats.map((row) => [{ of: "repeat", activity: row.activity }, row.customers]), ...seen.drop_off.map((row) => [{ of: "drop_off", activity: row.activity }, row.customers]),
        [{ of: "all" }, seen.customers], ...seen.variants.map((row) => [{ of: "variant", variant: row.variant }, row.customers]),
      ];
      assert.ok(figures.length >= 12, JSON.stringify(figures));
      for (const [of, customers] of figures) assert.equal((await open(of)).total, customers, `${JSON.stringify(of)} opens to the customers it counts`);
      const way = await open({ of: "edge", activity: "Basket", next: "Pay" });
      assert.deepEqual([way.total, way.agreed, way.withheld, way.hidden], [14, 3, 11, false]);
      assert.deepEqual(way.customers.map((row) => row.identifiers[0]).sort(), ["user:most-0", "user:most-1", "user:most-2"], "nobody else is named");
      assert.ok(way.customers.some((row) => row.name === "Ana Moll"));
      assert.equal(way.sentence, "14 customers went from Basket to Pay.");
      assert.equal((await open({ of: "flow", activity: "Basket", next: "Basket", at: 1 })).total, 14);
      assert.equal((await open({ of: "flow", activity: "Basket", next: "Basket", at: 2 })).total, 0, "at that step nobody did");
      const few = await open({ of: "edge", activity: "Basket", next: "Call" });
      assert.deepEqual([few.hidden, few.total, few.withheld, few.customers], [true, 0, 0, []]);
      assert.match(few.sentence, /Too few customers/);
      assert.equal((await open({ of: "flow", activity: "Basket", next: "Call", at: 1 })).total, 0, "a path that is not listed is not drawn");
      for (const [query, status, code] of [["of=half", 400, "invalid_of"], ["of=step", 400, "no_activity"], ["of=step&activity=Nirvana", 404, "no_activity"], ["of=edge&activity=Pay", 400, "no_activity"],
        ["of=variant&variant=12", 400, "invalid_variant"], ["of=drop_off&activity=Pay", 400, "no_goal"], ["of=flow&activity=Pay&next=Pay&at=0", 400, "invalid_number"]])
        refused(await one.get(`/v1/journeys/customers?${query}`), status, code);
      assert.equal((await one.get("/v1/journeys/customers?of=step&activity=Pay", { key: one.write })).status, 403);
    } finally { await one.end(); }
  });
  test("hide what few customers did often as well as what few did once", async () => {
    const one = await Server.start();
    try {
      const begun = Date.now() - 5 * DAY, events = [];
      const walk = (who, day, steps) => steps.forEach((name, i) => events.push(track({ userId: who }, name, {}, { timestamp: iso(begun + day * DAY / 20 + i * 60000) })));
      for (let i = 0; i < 12; i++) walk(`most-${i}`, 0, ["Basket", "Pay"]);
      for (let day = 0; day < 40; day++) walk("eager", day, ["Basket", "Basket", "Call", "Agree"]);
      await one.send(events);
      const seen = ok(await one.get("/v1/journeys?goal=Agree"));
      assert.deepEqual([seen.customers, seen.cases], [13, 52]);
      assert.deepEqual(seen.activities.map((row) => [row.activity, row.customers]).sort(), [["Basket", 13], ["Pay", 12]]);
      assert.deepEqual(seen.edges.map((row) => [row.from, row.to, row.n, row.customers]), [["Basket", "Pay", 12, 12]]);
      assert.deepEqual(seen.variants.map((row) => [row.activities, row.customers]), [[["Basket", "Pay"], 12]], "a course behind a hidden one is listed");
      assert.deepEqual([seen.starts.map((row) => row.activity), seen.ends.map((row) => row.activity), seen.repeats], [["Basket"], ["Pay"], []]);
      assert.deepEqual(seen.drop_off.map((row) => [row.activity, row.n, row.of, row.customers]), [["Pay", 12, 12, 12]]);
      assert.match(seen.sentence, /^Fewer than 10 customers reached the goal/);
      assert.equal(seen.hidden, true);
    } finally { await one.end(); }
  });
});

describe("attune import", () => {
  const imported = (path, ...more) => { const run = attune("import", path, ...toServer(), "--json", ...more); return { ...run, result: run.out ? JSON.parse(run.out) : null }; };
  const names = async (who) => (await server.timeline((await server.card(`user:${who}`)).cid)).filter((event) => event.kind === "track").map((event) => event.name).reverse();

  test("brings in CSV, with times, properties and the lines that are wrong, and a second time doubles nothing", async () => {
    const path = file("log.csv", "case,activity,time,amount\ncsv-1,Opened,2026-01-05T10:00:00Z,5\ncsv-1,Paid,2026-01-06T10:00:00Z,41.5\n,Nobody,2026-01-06T10:00:00Z,1\ncsv-2,Opened,not a time,1\ncsv-2,\"Quoted, with a comma\",2026-01-07T10:00:00Z,2\n");
    const first = imported(path);
    assert.equal(first.code, 0, first.err);
    assert.equal(first.result.refused, 2);
    assert.match(first.err, /line 4: /);
    assert.match(first.err, /line 5: /);
    assert.deepEqual(await names("csv-1"), ["Opened", "Paid"]);
    assert.deepEqual(await names("csv-2"), ["Quoted, with a comma"]);
    const event = (await server.timeline((await server.card("user:csv-1")).cid)).find((one) => one.name === "Paid");
    assert.deepEqual([event.time, event.properties.amount], ["2026-01-06T10:00:00.000Z", 41.5]);
    imported(path);
    assert.deepEqual(await names("csv-1"), ["Opened", "Paid"]);
  });
  test("brings in NDJSON, and gzip", async () => {
    const lines = [1, 2].map((i) => JSON.stringify({ case: "nd-1", activity: `Step ${i}`, time: `2026-01-0${i}T00:00:00Z` })).join("\n");
    assert.equal(imported(file("log.ndjson", `${lines}\n{broken\n`)).result.refused, 1);
    assert.deepEqual(await names("nd-1"), ["Step 1", "Step 2"]);
    const packed = imported(file("log.csv.gz", gzipSync("case,activity,time\ngz-1,Packed,2026-01-05T10:00:00Z\n")));
    assert.equal(packed.code, 0, packed.err);
    assert.deepEqual(await names("gz-1"), ["Packed"]);
  });
  test("brings in XES", async () => {
    const event = (name, day) => `<event><string key="concept:name" value="${name}"/><date key="time:timestamp" value="2026-01-0${day}T00:00:00.000+00:00"/></event>`;
    const run = imported(file("log.xes", `<?xml version="1.0"?><log xes.version="1.0"><trace><string key="concept:name" value="xes-1"/>${event("Begun", 1)}${event("Ended &amp; closed", 2)}</trace></log>`));
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(await names("xes-1"), ["Begun", "Ended & closed"]);
  });
  test("names every line the server refuses, however many", async () => {
    const rows = [...Array(500)].map((_, i) => `${i % 2 ? "null" : "many-1"},Step,2026-01-05T10:00:00Z`).join("\n");
    const rejects = join(folder, "rejects.txt");
    const { code, result } = imported(file("many.csv", `case,activity,time\n${rows}\n`), "--rejects", rejects);
    assert.deepEqual([code, result.refused], [0, 250]);
    const lines = readFileSync(rejects, "utf8").trim().split("\n");
    assert.equal(lines.length, 250);
    assert.deepEqual(lines.map((line) => Number(line.match(/^line (\d+): .{15}/)[1])), [...Array(250)].map((_, i) => 3 + 2 * i));
  });
  test("takes another column for the customer, another kind of id and another channel", async () => {
    imported(file("who.csv", "case,activity,time,card\nA-1,Opened,2026-01-05T10:00:00Z,card-7\n"), "--customer", "card", "--as", "anonymous", "--channel", "branch");
    const [event] = (await server.timeline((await server.card("anonymous:card-7")).cid)).filter((one) => one.kind === "track");
    assert.deepEqual([event.channel, event.properties.case], ["branch", "A-1"]);
  });
  test("says what is wrong with a file, a key or a server and fails", () => {
    for (const args of [[join(folder, "none.csv"), ...toServer()], [file("strange.csv", "a,b\n1,2\n"), ...toServer()], [file("fine.csv", "case,activity,time\nx,Y,2026-01-05T10:00:00Z\n"), "--key", server.write, "--server", server.url], [file("fine.csv", "case,activity,time\nx,Y,2026-01-05T10:00:00Z\n"), "--key", "nonsense", "--server", server.url]]) {
      const run = attune("import", ...args);
      assert.equal(run.code, 1, `${args[0]}: ${run.err}`);
      assert.match(run.err, /^attune import: .{10}/m);
    }
  });
});

describe("the verbs", () => {
  const verbs = attune("--help").out.match(/^ {2}(\w+)/gm).map((line) => line.trim());
  test("are listed by --help, and without a verb or with a wrong one the program says so and exits 2", () => {
    assert.ok(verbs.length >= 10);
    assert.equal(attune().code, 2);
    assert.match(attune().err, /^usage: attune VERB/);
    assert.deepEqual([attune("dance").code, /no verb "dance"/.test(attune("dance").err)], [2, true]);
  });
  for (const verb of verbs) {
    test(`attune ${verb} --help explains it and exits 0`, () => {
      const run = attune(verb, "--help");
      assert.deepEqual([run.code, run.err], [0, ""]);
      assert.match(run.out, new RegExp(`^usage: attune ${verb}`));
    });
    test(`attune ${verb} with wrong arguments says how it is used and exits 2`, () => {
      for (const args of [["--no-such-option"], ["one", "two", "three", "--nor-this"]]) {
        const run = attune(verb, ...args);
        assert.equal(run.code, 2, `${args}: ${run.out}${run.err}`);
        assert.ok(run.err.length > 10, "and says something");
        assert.equal(run.out, "");
      }
    });
  }
  test("customer and export show who somebody is, and what was asked for in vain", async () => {
    await server.send([identify({ userId: "shown" }, { name: "Shown" })]);
    assert.match(attune("customer", "user:shown", ...toServer()).out, /name +Shown/);
    assert.equal(JSON.parse(attune("customer", "user:shown", ...toServer(), "--json").out).name, "Shown");
    const exported = JSON.parse(attune("export", "user:shown", ...toServer()).out);
    assert.ok(exported.customer.cid && exported.events.length >= 1);
    const nobody = attune("customer", "user:nobody-here", ...toServer());
    assert.deepEqual([nobody.code, /not_found/.test(nobody.err)], [1, true]);
    assert.equal(attune("export", "user:nobody-here", ...toServer()).code, 1);
  });
  test("init makes a folder once, and two servers do not share one", () => {
    const path = join(folder, "made");
    assert.equal(attune("init", path).code, 0);
    assert.match(attune("init", path).err, /already/);
    assert.equal(attune("init", path).code, 1);
    const second = attune("serve", server.folder, "--port", "0");
    assert.equal(second.code, 1);
    assert.match(second.err, /Another server runs/);
    assert.match(attune("serve", join(folder, "not-made")).err, /attune init/);
    assert.match(attune("serve", path, "--prot", "0").err, /did you mean --port/);
    assert.equal(attune("serve", path, "--port", "99999").code, 2);
  });
});

test("asked to stop, the server answers what is under way, ends its streams and exits 0", async () => {
  const stream = server.raw([`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\n\r\n`], { wait: 5000 });
  await until(async () => /attune_streams 1/.test((await server.get("/metrics")).text), "the stream is open");
  const asked = [...Array(30)].map(() => server.get("/v1/journeys").catch(() => null));
  await sleep(5);
  await server.stop();
  assert.ok((await stream).closed, "the stream was ended");
  for (const answer of await Promise.all(asked)) assert.ok(!answer || answer.status === 200 || answer.status === 503, answer?.text);
  await server.up();
});

describe("keys in memory", () => {
  const proc = (server, name) => readFileSync(`/proc/${server.child.pid}/${name}`);
  const node = "a3".repeat(32);

  test("are locked, in no dump, and no longer in the environment", async () => {
    const server = await Server.start({ env: { ATTUNE_NODE_KEY: node } });
    after(() => server.end());
    await server.send([track({ userId: "ana" }, "Came")]);
    assert.ok(!proc(server, "environ").includes(node), "what /proc shows is overwritten");
    assert.match(proc(server, "limits").toString(), /^Max core file size +0 +0 /m);
    assert.ok(Number(proc(server, "status").toString().match(/^VmLck:\s+(\d+) kB/m)[1]) >= 128, "at least the keys of one chunk");
  });
});
