/*
 * visit.mjs: somebody on their own page as a browser without scripts is there: a cookie, pages, and forms that carry the page's mark.
 */
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";

/* The words of a page, as a person reads them. */
export const words = (html) => html.replace(/<script[^]*?<\/script>/g, "").replace(/<[^>]*>/g, " ").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace(/\s+/g, " ");
const plain = (text) => text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/* The fields of the form that posts to @action and has @like in it, hidden ones with their values. */
export function fields(html, action, like = "") {
  const form = [...html.matchAll(/<form[^>]*>[^]*?<\/form>/g)].map(([all]) => all).find((f) => f.includes(`action="/me/${action}"`) && f.includes(like));
  assert.ok(form, `a form to /me/${action} with ${like}`);
  return Object.fromEntries([...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, plain(value)]));
}

/* What a certificate or a receipt states, once its signature holds. */
export function signed(document) {
  const key = createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(document.key, "base64")]), format: "der", type: "spki" });
  assert.equal(document.signed_with, "Ed25519");
  assert.ok(verify(null, Buffer.from(document.statement), key, Buffer.from(document.signature, "base64")), "the signature holds");
  assert.ok(!verify(null, Buffer.from(`${document.statement} `), key, Buffer.from(document.signature, "base64")), "and for nothing else");
  return JSON.parse(document.statement);
}

export class Visit {
  static async begin(server, subject, headers = {}, token = {}) {
    const visit = new Visit(), entered = await server.get(`/me/enter?token=${server.token(subject, token)}`, { key: null });
    assert.equal(entered.status, 303, entered.text);
    return Object.assign(visit, { server, headers: { Cookie: entered.headers["set-cookie"][0].split(";")[0], ...headers } });
  }
  get(path = "/me", headers = {}) { return this.server.get(path, { key: null, headers: { ...this.headers, ...headers } }); }
  async page(path = "/me", headers = {}) {
    const answer = await this.get(path, headers);
    assert.equal(answer.status, 200, words(answer.text));
    return answer.text;
  }
  send(action, given, headers = {}) {
    return this.server.post(`/me/${action}`, new URLSearchParams(given).toString(), { key: null, headers: { ...this.headers, "Content-Type": "application/x-www-form-urlencoded", Origin: this.server.url, ...headers } });
  }
  /* Fill in a form of @path and send it. */
  async post(action, given = {}, { path = "/me", like = "" } = {}) { return this.send(action, { ...fields(await this.page(path), action, like), ...given }); }
  /* The choice about @purpose, answered as the page offers it. */
  async choose(purpose, answer) { return this.post("consent", { answer }, { like: `name="purpose" value="${purpose}"` }); }
}
