/*
 * order.tsx: tiles that a customer puts into her own order.
 *
 * Two ways, equally good: dragging with a mouse, and buttons ("Make first", "Move up", "Move down") that appear with "Change the order",
 * for the keyboard and for a finger. What she placed, and what stood above it, is what is stated; the rest may go on following her use.
 */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { HomeOption } from "../shared/api";
import { titleOf } from "./brand";
import { Icon } from "./icon";

const DRAG_PX_MIN = 8;

interface Props { home: HomeOption[]; editing: boolean; open: (option: string) => void; place: (order: string[], moved: string) => void }

export function Tiles({ home, editing, open, place }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const dragged = useSignal<string | null>(null);
  const over = useSignal<string | null>(null);
  const start = useRef<{ option: string; x: number; y: number } | null>(null);
  const dropped = useRef(false);

  const moveTo = (option: string, index: number): void => {
    const names = home.map((h) => h.option);
    const from = names.indexOf(option);
    if (from < 0 || from === index) return;
    names.splice(from, 1);
    names.splice(index, 0, option);
    const pinned = new Set(home.filter((h) => h.pinned).map((h) => h.option));
    let last = index;
    names.forEach((name, i) => { if (pinned.has(name)) last = Math.max(last, i); });
    place(names.slice(0, last + 1), option);
  };
  const under = (x: number, y: number): string | null => {
    for (const item of list.current?.children ?? []) {
      const box = item.getBoundingClientRect();
      if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) return (item as HTMLElement).dataset["option"] ?? null;
    }
    return null;
  };
  const down = (e: PointerEvent, option: string): void => {
    if (e.button !== 0 || (e.pointerType !== "mouse" && !editing) || (e.target as Element).closest(".tile-moves")) return;
    dropped.current = false;
    start.current = { option, x: e.clientX, y: e.clientY };
    const move = (m: PointerEvent): void => {
      const s = start.current;
      if (!s) return;
      if (!dragged.value && Math.hypot(m.clientX - s.x, m.clientY - s.y) > DRAG_PX_MIN) dragged.value = s.option;
      if (dragged.value) over.value = under(m.clientX, m.clientY);
    };
    const end = (u: PointerEvent): void => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      const target = u.type === "pointerup" && dragged.value ? under(u.clientX, u.clientY) : null;
      if (dragged.value) dropped.current = true;
      if (dragged.value && target && target !== dragged.value) moveTo(dragged.value, home.findIndex((h) => h.option === target));
      dragged.value = null; over.value = null; start.current = null;
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  };

  return (
    <ul ref={list} class={`plain tiles${editing ? " editing" : ""}`} data-testid="tiles">
      {home.map((h, i) => (
        <li key={h.option} data-option={h.option} class={`tile${dragged.value === h.option ? " dragged" : ""}${over.value === h.option && dragged.value !== h.option ? " over" : ""}`} onPointerDown={(e) => down(e, h.option)}>
          <button class="tile-open" data-testid={`tile-${h.option}`} data-index={i} onDragStart={(e) => e.preventDefault()}
            onClick={() => { if (dropped.current) { dropped.current = false; return; } open(h.option); }}>
            <Icon name={h.option} /><span>{titleOf(h.option, h.title)}</span>{h.pinned && <span class="small">put here by you</span>}
          </button>
          {editing && (
            <span class="tile-moves">
              <button class="low" data-testid={`make-first-${h.option}`} disabled={i === 0} onClick={() => moveTo(h.option, 0)}>Make first<span class="out-of-sight">: {titleOf(h.option, h.title)}</span></button>
              <button class="low" data-testid={`move-up-${h.option}`} disabled={i === 0} onClick={() => moveTo(h.option, i - 1)}>Move up<span class="out-of-sight">: {titleOf(h.option, h.title)}</span></button>
              <button class="low" data-testid={`move-down-${h.option}`} disabled={i === home.length - 1} onClick={() => moveTo(h.option, i + 1)}>Move down<span class="out-of-sight">: {titleOf(h.option, h.title)}</span></button>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
