/* `attune journeys FILE`: what customers really did, from a file and without a server; the same log as CSV, NDJSON and XES. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { attune } from "./server.mjs";

const folder = mkdtempSync(join(tmpdir(), "attune-journeys-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const write = (name, text) => { const path = join(folder, name); writeFileSync(path, text); return path; };
const minute = 60000;

/* Three customers: Ana buys and comes back, Ben hesitates, Cem only looks. */
const rows = [
  ["ana", "search", "2026-05-03T09:00:00Z", "web"], ["ana", "basket", "2026-05-03T09:04:00Z", "web"], ["ana", "pay", "2026-05-03T09:05:00Z", "web"],
  ["ben", "search", "2026-05-03T10:00:00Z", "app"], ["ben", "basket", "2026-05-03T10:02:00Z", "app"], ["ben", "basket", "2026-05-03T10:09:00Z", "app"],
  ["cem", "search", "2026-05-03T11:00:00Z", "web"], ["ana", "search", "2026-05-04T18:00:00Z", "app"], ["ana", "basket", "2026-05-04T18:03:00Z", "app"],
];
const csv = write("shop.csv", ["customer,event,time,channel", ...rows.map((row) => row.join(",")), "ben,call,yesterday,phone"].join("\n"));
const ndjson = write("shop.ndjson", rows.map(([customer, event, time, channel]) => JSON.stringify({ customer, event, time, properties: { channel } })).join("\n"));
const traces = [...new Set(rows.map(([customer]) => customer))].map((who) => `<trace><string key="concept:name" value="${who}"/>${rows.filter(([customer]) => customer === who)
  .map(([, event, time, channel]) => `<event><string key="concept:name" value="${event}"/><date key="time:timestamp" value="${time}"/><string key="channel" value="${channel}"/></event>`).join("")}</trace>`);
const xes = write("shop.xes", `<?xml version="1.0" encoding="UTF-8"?><log xes.version="1.0" xmlns="http://www.xes-standard.org/">${traces.join("")}</log>`);

const mined = (...args) => {
  const run = attune("journeys", ...args, "--json");
  assert.equal(run.code, 0, run.err);
  return JSON.parse(run.out);
};
const refused = (code, says, ...args) => {
  const run = attune("journeys", ...args);
  assert.deepEqual([run.code, run.out], [code, ""], `${args.join(" ")}: ${run.err}`);
  assert.match(run.err, says);
};

describe("attune journeys", () => {
  test("counts the same in CSV, NDJSON and XES, plain and gzip", () => {
    for (const [path, rejected] of [[csv, 1], [ndjson, 0], [xes, 0], [write("shop.xes.gz", gzipSync(readFileSync(xes))), 0]]) {
      const seen = mined(path);
      assert.deepEqual([seen.cases, seen.events, seen.arcs, seen.edges, seen.variants, seen.rejected], [3, 9, 6, 4, 3, rejected], path);
      assert.equal(seen.arcs, seen.events - seen.cases);
      const edge = seen.edge_list.find((row) => row.from === "search" && row.to === "basket");
      assert.deepEqual([edge.count, edge.wait_p50_ms, edge.wait_max_ms], [3, 3 * minute, 4 * minute], path);
      assert.deepEqual(seen.variant_list.map((row) => [row.exemplar, row.activities.join(" ")]).sort(),
        [["ana", "search basket pay search basket"], ["ben", "search basket basket"], ["cem", "search"]]);
      assert.deepEqual([seen.start_list, seen.end_list], [[{ activity: "search", count: 3 }], [{ activity: "basket", count: 2 }, { activity: "search", count: 1 }]]);
      assert.deepEqual(seen.repeats, { cases: 2, activities: [{ activity: "basket", count: 2 }, { activity: "search", count: 1 }] });
    }
  });
  test("says it in text as well, with the refused line and its number", () => {
    const run = attune("journeys", csv);
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /3 journeys, 9 events, 3 activities, 3 courses/);
    assert.match(run.out, /search +> basket +3 +3\.0 min/);
    assert.match(run.out, /1 line was refused/);
    assert.match(run.err, /shop\.csv:11: refused: the time "yesterday"/);
    const kept = join(folder, "refused.txt");
    assert.equal(attune("journeys", csv, "--rejects", kept).err, "");
    assert.match(readFileSync(kept, "utf8"), /^11\t.*yesterday/);
  });
  test("cuts at a goal and says where journeys end without it", () => {
    const seen = mined(csv, "--cut", "goal", "--goal", "pay");
    assert.deepEqual([seen.cases, seen.reached], [4, 1]);
    const basket = seen.drop_off_list.find((row) => row.activity === "basket");
    assert.deepEqual([basket.dropped, basket.cases, basket.low.toFixed(3), basket.high.toFixed(3)], [2, 3, "0.208", "0.939"], "Wilson's interval");
    assert.match(attune("journeys", csv, "--cut", "goal", "--goal", "pay").out, /the goal was reached in 1 of 4 journeys: 25\.0 % \(95 %: 4\.6 to 69\.9\)/);
  });
  test("cuts at a silence, takes a part of the events, and other names of columns", () => {
    assert.equal(mined(csv, "--cut", "gap", "--gap", "2h").cases, 4);
    assert.equal(mined(csv, "--cut", "gap", "--gap", "3m").cases, 6);
    assert.deepEqual([mined(csv, "--where", "channel=app").events, mined(csv, "--from", "2026-05-04").events, mined(csv, "--to", "2026-05-04").events], [5, 2, 7]);
    const other = write("other.csv", "who;did;at\nana;in;2026-05-03 09:00\nana;out;2026-05-03 09:01\n");
    assert.equal(mined(other, "--case", "who", "--activity", "did", "--time", "at").arcs, 1);
    assert.equal(mined(other, "--map", write("other.yaml", "case: who\nactivity: did\ntime: at\n")).arcs, 1);
    assert.equal(mined(csv, "--variants", "1").variant_list.length, 1);
  });
  test("wrong arguments are exit 2 and say what would be right", () => {
    refused(2, /which FILE\?/);
    refused(2, /one FILE at a time/, csv, ndjson);
    refused(2, /"half" is not case, goal or gap/, csv, "--cut", "half");
    refused(2, /--cut goal needs --goal NAME/, csv, "--cut", "goal");
    refused(2, /--gap goes with --cut gap/, csv, "--gap", "2h");
    refused(2, /"soon" is not a time/, csv, "--cut", "gap", "--gap", "soon");
    refused(2, /"today" is not a date or time/, csv, "--from", "today");
    refused(2, /"channel" is not NAME=VALUE/, csv, "--where", "channel");
    refused(2, /--help/, csv, "--nonsense");
    const help = attune("journeys", "--help");
    assert.deepEqual([help.code, help.err], [0, ""]);
    assert.match(help.out, /^usage: attune journeys FILE/);
  });
  test("what cannot be done is exit 1 and says why", () => {
    refused(1, /there is no such file/, join(folder, "nothing.csv"));
    refused(1, /no event is called "paid" .*nearest is "pay"/, ndjson, "--goal", "paid");
    refused(1, /no event has a column "colour"/, ndjson, "--where", "colour=red");
    refused(1, /no event lies between --from and --to/, ndjson, "--from", "2027-01-01");
    refused(1, /./, write("empty.csv", ""));
    refused(1, /broken\.xes/, write("broken.xes", readFileSync(xes, "utf8").slice(0, -40)));
    refused(1, /other\.yaml|colour/, csv, "--map", write("wrong.yaml", "colour: red\n"));
  });
});
