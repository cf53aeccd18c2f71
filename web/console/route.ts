/* route.ts: the address says everything a page shows, so that a link can be sent and "back" works. */
import { computed, signal } from "@preact/signals";

export const address = signal({ path: location.pathname, search: location.search });
addEventListener("popstate", () => { address.value = { path: location.pathname, search: location.search }; });

/* A part of an address; one that is badly encoded stays as it is. */
const decoded = (part: string): string => { try { return decodeURIComponent(part); } catch { return part; } };

export const segments = computed(() => address.value.path.replace(/^\/console\/?/, "").split("/").filter(Boolean).map(decoded));
export const parameters = computed(() => new URLSearchParams(address.value.search));

export function go(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", path); else history.pushState(null, "", path);
  const [p, s] = path.split("?");
  const turned = p !== address.value.path;
  address.value = { path: p!, search: s ? `?${s}` : "" };
  if (turned && !replace) scrollTo(0, 0);
}

/* The same page with some parameters changed; an empty value leaves its parameter out. */
export function withParameters(changes: Record<string, string | null>): string {
  const p = new URLSearchParams(address.value.search);
  for (const [k, v] of Object.entries(changes)) if (v === null || v === "") p.delete(k); else p.set(k, v);
  const s = p.toString();
  return `${address.value.path}${s ? `?${s}` : ""}`;
}

/* Links inside the console are followed without a reload. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || link.target || !link.pathname.startsWith("/console")) return;
  if (link.origin !== location.origin || link.pathname === "/console/enter" || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
