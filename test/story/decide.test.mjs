/* What a customer gets next: the usual, when there is one, with its reasons; the menu, moved only with a yes; what was stated before what was learned. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { configurationOf, DAY, identify, iso, ok, refused, root, Server, track } from "./server.mjs";

const week = 7 * DAY;
const friday = Date.parse("2026-03-06T12:00:00Z");
const at = (ms) => ({ context: { now: iso(ms) } });
let server;
const files = configurationOf(join(root, "demo/harbour"));
before(async () => { server = await Server.start({ files }); });
after(() => server.end());

const agreed = async (name) => {
  await server.send([identify({ userId: name }, { name }), track({ userId: name }, "Consent Given", { purpose: "personalisation" })]);
  return (await server.card(`user:${name}`)).cid;
};
const imported = async (events) => ok(await server.post("/v1/import", { batch: events }));
const withdrawals = (name, amounts, from = friday) => imported(amounts.map((amount, i) => track({ userId: name }, "Cash Withdrawn", { amount, notes: amount === 80 ? [50, 20, 10] : [amount] }, { timestamp: iso(from + i * week), context: { channel: "machine" } })));
const machine = (name, now, more = {}) => server.decide(`user:${name}`, "machine-withdrawal", { ...at(now), ...more });
const home = (menu) => menu.home.map((option) => option.option);
const more = (menu) => menu.more.map((option) => option.option);
const menuOf = async (name, now = Date.now(), options) => server.decide(`user:${name}`, "app-home", { ...(options?.key ? {} : at(now)) }, options);

describe("the usual choice", () => {
  test("after eight weekly visits is offered first, with why, and because of which events", async () => {
    await agreed("usual");
    await withdrawals("usual", Array(8).fill(80));
    const decision = await machine("usual", friday + 8 * week, { explain: true });
    assert.equal(decision.guess, true);
    assert.deepEqual(decision.options[0], { value: 80, with: { notes: [50, 20, 10] }, usual: true });
    assert.deepEqual(decision.options.slice(1).map((option) => option.value), [20, 50, 100, 200], "the standard amounts stay");
    assert.match(decision.why, /^You took 80 .*\d+ of the last \d+.*; used because you agreed on \d+ \w+/);
    assert.ok(decision.because.length >= 5);
    const timeline = await server.timeline((await server.card("user:usual")).cid);
    for (const because of decision.because) {
      const event = timeline.find((one) => one.event === because.event);
      assert.equal(event.name, "Cash Withdrawn", "each reason is an event of the customer's own");
      assert.equal(event.properties.amount, 80);
    }
  });
  test("no habit, no guess: nobody is bothered", async () => {
    await agreed("fickle");
    await withdrawals("fickle", [20, 300, 70, 110, 40, 500, 90, 10]);
    const decision = await machine("fickle", friday + 8 * week);
    assert.equal(decision.guess, false);
    assert.ok(decision.options.every((option) => !option.usual));
    assert.match(decision.why, /standard choices/);
  });
  test("what was stated beats what was learned, wherever it was said, and null takes it back", async () => {
    const cid = await agreed("stated");
    await withdrawals("stated", Array(8).fill(80));
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "cash.amount": 60, "cash.receipt": "no" }, channel: "web" }));
    const decision = await machine("stated", friday + 8 * week);
    assert.deepEqual([decision.options[0].value, decision.options[0].stated, decision.guess], [60, true, false]);
    assert.equal(decision.preferences["cash.receipt"], "no");
    assert.match(decision.why, /said so yourself/);
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "cash.amount": null } }));
    assert.equal((await machine("stated", friday + 8 * week)).options[0].value, 80);
  });
  test("the same amount comes in the notes the customer asked for", async () => {
    const cid = await agreed("notes");
    await withdrawals("notes", Array(8).fill(80));
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "cash.notes": [20] } }));
    assert.deepEqual((await machine("notes", friday + 8 * week)).options[0].with, { notes: [20, 20, 20, 20] });
  });
  test("what was stated is honoured without any consent: it was said in order to be used", async () => {
    await server.send([identify({ userId: "no-consent" })]);
    const cid = (await server.card("user:no-consent")).cid;
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "cash.amount": 40 } }));
    const decision = await machine("no-consent", friday);
    assert.equal(decision.options[0].stated, true);
    assert.ok(decision.withheld.length > 0 && decision.withheld.every(({ what, reason }) => what && reason === "no consent"), "and what is withheld is listed");
  });
  test("is the same after kill -9, and from a snapshot", async () => {
    await agreed("kept");
    await withdrawals("kept", Array(8).fill(80));
    const essence = ({ options, why, guess, because }) => ({ options, why, guess, because });
    const now = friday + 8 * week, first = essence(await machine("kept", now, { explain: true }));
    await server.kill();
    await server.up();
    assert.deepEqual(essence(await machine("kept", now, { explain: true })), first);
    ok(await server.post("/v1/snapshot", {}));
    await server.kill();
    await server.up();
    assert.deepEqual(essence(await machine("kept", now, { explain: true })), first);
  });
});

describe("accessibility", () => {
  test("is in every decision: plain when nothing is said, as stated when it is, on every surface", async () => {
    await server.send([identify({ userId: "edith" })]);
    const cid = (await server.card("user:edith")).cid;
    const plain = { text: "normal", contrast: "normal", stable_layout: false, screen_reader: false };
    for (const surface of ["machine-withdrawal", "app-home"]) assert.deepEqual((await server.decide("user:edith", surface)).accessibility, plain);
    ok(await server.post(`/v1/customers/me/preferences`, { set: { "accessibility.text": "huge", "accessibility.contrast": "high", "accessibility.stable_layout": true } }, { key: server.token("user:edith") }));
    for (const surface of ["machine-withdrawal", "app-home"]) assert.deepEqual((await server.decide("user:edith", surface)).accessibility, { ...plain, text: "huge", contrast: "high", stable_layout: true });
    assert.equal((await server.card("user:edith")).accessibility.text, "huge", "and on the card of who serves her");
    assert.equal(cid, (await server.card("user:edith")).cid);
  });
});

describe("the menu", () => {
  const now = Date.now();
  /* Share prices twenty times in a month, balance sometimes, and the home seen each time; as an app reports it. */
  const used = async (name) => {
    const cid = await agreed(name);
    const screens = [];
    for (let day = 30; day > 0; day--) {
      screens.push({ name: "home", day }, { name: "balance", day: day - 0.1 });
      if (day % 3) screens.push({ name: "share-prices", day: day - 0.2 });
    }
    await imported(screens.map(({ name: screen, day }) => ({ type: "screen", messageId: `${name}-${screen}-${day}`, userId: name, name: screen, timestamp: iso(now - day * DAY), context: { channel: "app" } })));
    return cid;
  };
  const respond = async (decision, answer) => ok(await server.post("/v1/response", { decision: decision.decision, suggestion: decision.ask.suggestion, answer }));

  test("stands as the company set it up for somebody of whom nothing is known", async () => {
    await server.send([identify({ userId: "menu-new" })]);
    const { menu, ask } = await menuOf("menu-new", now);
    assert.deepEqual(home(menu), ["balance", "transfer", "pay-bill", "cards", "loans", "support"]);
    assert.deepEqual(more(menu), ["savings", "share-prices", "statements"]);
    assert.equal(menu.mode_chosen, false);
    assert.equal(ask, null);
  });
  test("asks before it moves: after real use it suggests, a yes moves it, undo gives back the same bytes", async () => {
    const cid = await used("menu-yes");
    const first = await menuOf("menu-yes", now);
    assert.deepEqual([first.ask.kind, first.ask.option, first.ask.text], ["promote", "share-prices", "You use Share prices often. Move it to home?"]);
    assert.ok(!home(first.menu).includes("share-prices"), "asking moves nothing");
    assert.match(first.why, /share prices \d+ times/i);
    const again = await menuOf("menu-yes", now);
    assert.equal(JSON.stringify(again.menu), JSON.stringify(first.menu), "nor does looking again");
    const { undo } = await respond(first, "yes");
    const moved = await menuOf("menu-yes", now);
    assert.ok(home(moved.menu).includes("share-prices"));
    assert.ok(home(moved.menu).includes("support"), "what is always there stays");
    assert.equal([...home(moved.menu), ...more(moved.menu)].sort().join(), [...home(first.menu), ...more(first.menu)].sort().join(), "nothing is lost");
    assert.equal(moved.ask, null, "and no second question follows at once");
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
    const undone = await menuOf("menu-yes", now);
    assert.equal(JSON.stringify(undone.menu), JSON.stringify(first.menu));
    await server.kill();
    await server.up();
    assert.equal(JSON.stringify((await menuOf("menu-yes", now)).menu), JSON.stringify(first.menu), "also after kill -9");
  });
  test("a no moves nothing and rests, a never is never asked again", async () => {
    await used("menu-no");
    const first = await menuOf("menu-no", now);
    await respond(first, "no");
    const after = await menuOf("menu-no", now);
    assert.equal(after.ask, null);
    assert.deepEqual(home(after.menu), home(first.menu));
    await used("menu-never");
    await respond(await menuOf("menu-never", now), "never");
    for (const days of [0, 8, 91, 400, 2000]) {
      const { ask } = await menuOf("menu-never", now + days * DAY);
      assert.ok(!ask || ask.kind !== "promote", `after ${days} days`);
    }
  });
  test("the mode no is never moved nor asked; ask asks; do moves and says so, with a way back", async () => {
    for (const mode of ["no", "ask", "do"]) {
      const cid = await used(`menu-${mode}-mode`);
      ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "menu.app-home.mode": mode } }));
      const { menu, ask } = await menuOf(`menu-${mode}-mode`, now);
      assert.deepEqual([menu.mode, menu.mode_chosen], [mode, true]);
      assert.equal(ask?.kind ?? null, mode === "ask" ? "promote" : null);
      assert.equal(home(menu).includes("share-prices"), mode === "do");
      const acts = (await server.timeline(cid)).filter((event) => event.kind === "layout");
      assert.equal(acts.length, mode === "do" ? 2 : 1, "what was moved without asking is written down");
      if (mode !== "do") continue;
      const moved = JSON.stringify(home(menu));
      assert.equal(JSON.stringify(home((await menuOf("menu-do-mode", now)).menu)), moved, "and it is moved once");
      ok(await server.post(`/v1/customers/${cid}/undo`, { undo: acts[0].event.replace("e", "u") }));
    }
  });
  test("by hand: the order the owner gives is kept, on every channel; always is always", async () => {
    await server.send([identify({ userId: "menu-hand" })]);
    const cid = (await server.card("user:menu-hand")).cid, key = server.token("user:menu-hand");
    ok(await server.post("/v1/customers/me/preferences", { set: { "menu.app-home.order": ["cards", "savings"] } }, { key }));
    for (const options of [undefined, { key }]) {
      const { menu } = await menuOf("menu-hand", now, options);
      assert.deepEqual(home(menu).slice(0, 2), ["cards", "savings"]);
      assert.ok(home(menu).includes("support"));
      assert.equal(home(menu).length, 6);
    }
    const six = ["cards", "savings", "balance", "transfer", "loans", "statements"];
    refused(await server.post(`/v1/customers/${cid}/preferences`, { set: { "menu.app-home.order": six } }), 400, "invalid_preference");
  });
  test("by hand: a tile put first stays first, whatever is learned later in the mode do; undo lets it go", async () => {
    const cid = await agreed("menu-stays");
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "menu.app-home.mode": "do" } }));
    const { undo } = ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "menu.app-home.order": ["cards"] } }));
    const pinned = ({ menu }) => menu.home.filter((option) => option.pinned).map((option) => option.option);
    assert.deepEqual(pinned(await menuOf("menu-stays", now)), ["cards"]);
    /* Half a year in which everything but cards is used, more and more. */
    const screens = [...Array(180)].flatMap((_, day) => ["balance", "transfer", "share-prices", "savings", "statements"].slice(day % 2).map((name) => ({ name, day })));
    await imported(screens.map(({ name, day }) => ({ type: "screen", messageId: `stays-${name}-${day}`, userId: "menu-stays", name, timestamp: iso(now + day * DAY - 200 * DAY), context: { channel: "app" } })));
    let moved = 0, before = home((await menuOf("menu-stays", now)).menu);
    for (let week = 0; week < 30; week++) {
      const { menu } = await menuOf("menu-stays", now + week * 8 * DAY);
      assert.equal(home(menu)[0], "cards", `in week ${week}`);
      moved += String(home(menu)) !== String(before);
      before = home(menu);
    }
    assert.ok(moved > 0, "the others do move");
    await server.kill();
    await server.up();
    assert.deepEqual(pinned(await menuOf("menu-stays", now + 240 * DAY)), ["cards"], "also after kill -9");
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
    const undone = await menuOf("menu-stays", now + 240 * DAY);
    assert.deepEqual(pinned(undone), []);
    assert.notEqual(home(undone.menu)[0], "cards", "as if it had never been put there");
  });
  test("of 64 options with long names is decided, answered and made again from a short record", async () => {
    const options = [...Array(64)].map((_, i) => `${"a-place-with-a-very-long-name-".repeat(6)}${String(i).padStart(2, "0")}`);
    const surface = `kind: surface\nname: long-home\ntype: menu\nslots: 16\noptions: [${options.join(", ")}]\nlearns: {screen: "*"}\npurpose: personalisation\n`;
    ok(await server.post("/v1/configuration", { files: [...files, { name: "long.yaml", text: surface }] }));
    const cid = await agreed("menu-long");
    await imported([...Array(30)].map((_, day) => ({ type: "screen", messageId: `long-${day}`, userId: "menu-long", name: options[40], timestamp: iso(now - (30 - day) * DAY), context: { channel: "app" } })));
    const first = await server.decide("user:menu-long", "long-home", at(now));
    assert.deepEqual([first.ask.kind, first.ask.option, first.menu.home.length], ["promote", options[40], 16]);
    const again = ok(await server.get(`/v1/customers/${cid}/decisions/${first.decision}`));
    assert.equal(again.same, true);
    assert.equal(JSON.stringify(again.answer.menu), JSON.stringify(first.menu), "made again with every name");
    assert.equal(typeof again.record.rest, "number", "the record holds a hash of what it has no room for");
    await respond(first, "yes");
    const { menu } = await server.decide("user:menu-long", "long-home", at(now));
    assert.ok(home(menu).includes(options[40]), "what was answered is what was asked");
    ok(await server.post("/v1/configuration", { files }));
  });
  test("is not moved for who needs a stable layout", async () => {
    const cid = await used("menu-stable");
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "accessibility.stable_layout": true, "menu.app-home.mode": "do" } }));
    const { menu, ask } = await menuOf("menu-stable", now);
    assert.equal(ask, null);
    assert.deepEqual(home(menu), ["balance", "transfer", "pay-bill", "cards", "loans", "support"]);
  });
});

describe("a response", () => {
  test("to a decision nobody made, to another's, or with words of its own is refused", async () => {
    await agreed("responds");
    await agreed("other");
    const decision = await server.decide("user:responds", "machine-withdrawal");
    refused(await server.post("/v1/response", { decision: "d7fffffffff", option: 80 }), 404, "no_decision");
    const named = { decision: decision.decision, option: 80, customer: { identifier: "user:responds" } };
    refused(await server.post("/v1/response", named, { key: server.token("user:other") }), 403, "denied");
    refused(await server.post("/v1/response", { decision: decision.decision, suggestion: decision.decision.replace("d", "s"), answer: "perhaps" }), 400, "no_answer");
    refused(await server.post("/v1/response", { decision: decision.decision, suggestion: "s1", answer: "yes" }), 400, "no_suggestion");
    refused(await server.post("/v1/response", { decision: decision.decision, suggestion: decision.decision.replace("d", "s"), answer: "yes" }), 400, "no_suggestion");
  });
  test("to a decision is in the history, and an event is no decision", async () => {
    const cid = await agreed("answers");
    const { decision } = await server.decide("user:answers", "machine-withdrawal");
    ok(await server.post("/v1/response", { decision, option: "100" }));
    const events = await server.timeline(cid);
    assert.equal(events.filter((event) => event.kind === "response").length, 1);
    refused(await server.post("/v1/response", { decision: events.at(-1).event.replace("e", "d"), option: 1 }), 404, "no_decision");
    const { decisions } = ok(await server.get(`/v1/customers/${cid}/decisions`));
    assert.equal(decisions.length, 1);
    assert.equal(decisions[0].name, "machine-withdrawal");
  });
  test("to a decision that is not known is kept and counted, and nothing is learned from it", async () => {
    const customer = { identifier: "user:strange" }, key = server.token("user:strange");
    const counted = async () => Number((await server.get("/metrics", { key: null })).text.match(/^attune_responses_unknown_total (\d+)/m)[1]);
    const learned = async () => {
      const card = await server.card("user:strange");
      const machine = await server.decide("user:strange", "machine-withdrawal"), menu = await menuOf("strange");
      const plain = ({ options, guess, withheld, menu, ask }) => ({ options, guess, withheld, menu, ask: ask && { ...ask, suggestion: null } });
      return { consents: card.consents, habits: card.habits, preferences: card.preferences, machine: plain(machine), menu: plain(menu) };
    };
    await server.send([identify({ userId: "strange" }), identify({ userId: "owner" })]);
    const asked = await server.decide("user:owner", "machine-withdrawal");
    assert.equal(asked.ask.kind, "consent");
    const before = await learned(), n = await counted();
    const yes = { decision: asked.decision, suggestion: asked.ask.suggestion, answer: "yes", value: 80 };
    const sent = [[{ ...yes, customer }], [yes, { key }], [{ decision: "d7fffffffff", option: "cards", customer }], [{ decision: "dffffffffffffffff", suggestion: "sffffffffffffffff", answer: "yes", customer }]];
    for (const [body, options] of sent) {
      const answer = ok(await server.post("/v1/response", body, options));
      assert.deepEqual({ ...answer, event: typeof answer.event }, { known: false, done: false, event: "string" });
    }
    assert.equal(await counted(), n + 4);
    assert.deepEqual(await learned(), before, "no consent, no habit, no menu, no answer to a question");
    const own = async (name, kind) => (await server.timeline((await server.card(`user:${name}`)).cid)).filter((event) => event.kind === kind);
    assert.deepEqual((await own("strange", "response")).map((event) => event.properties).reverse(), [
      { decision: asked.decision, unknown: true, answer: "yes", value: 80 }, { decision: asked.decision, unknown: true, answer: "yes", value: 80 },
      { decision: "d7fffffffff", unknown: true, option: "cards" }, { decision: "dffffffffffffffff", unknown: true, answer: "yes" }]);
    for (const name of ["strange", "owner"]) assert.deepEqual(await own(name, "consent"), []);
    assert.deepEqual(await own("owner", "response"), [], "whose decision it was hears nothing");
    await server.kill();
    await server.up();
    assert.deepEqual(await learned(), before, "nor after a replay");
    refused(await server.post("/v1/response", { ...yes, customer: { identifier: "user:nobody-at-all" } }), 404, "not_found");
    refused(await server.post("/v1/response", { decision: "x1", customer }), 400, "no_decision");
    assert.equal(ok(await server.post("/v1/response", { ...yes, customer: { identifier: "user:owner" } })).known, true, "its owner may still answer");
    assert.equal((await own("owner", "consent")).length, 1);
  });
});
