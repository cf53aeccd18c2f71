/*
 * portal.ts: the only script of the portal, and nothing depends on it.
 *
 * It tells the server's changes aloud: when the page was answered after a change (the server marks the sentence with data-done), the
 * focus goes there, so that a screen reader says what was done.
 */
const done = document.querySelector<HTMLElement>("[data-done]");
if (done) {
  done.tabIndex = -1;
  done.focus();
}
export {};
