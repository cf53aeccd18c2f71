/* icon.tsx: one quiet line drawing for each option, always beside its word. */
import { named } from "../shared/format";

const lines: Record<string, string> = {
  "balance": "M4 18h16M6 14v-4M10 14V6M14 14v-6M18 14V9", "transfer": "M4 9h14l-4-4M20 15H6l4 4", "pay-bill": "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  "cards": "M3 6h18v12H3zM3 10h18M6 15h4", "savings": "M5 12a7 6 0 0 1 14 0v5h-3v-2H8v2H5zM9 9h5", "share-prices": "M4 17l5-6 4 3 7-9M15 5h5v5",
  "loans": "M6 18L18 6M8 5.5a2 2 0 1 0 0 4a2 2 0 0 0 0-4M16 14.500a2 2 0 1 0 0 4a2 2 0 0 0 0-4", "statements": "M6 3h9l3 3v15H6zM9 11h6M9 15h6", "support": "M4 5h16v11h-9l-4 4v-4H4z",
};
export const Icon = ({ name }: { name: string }) => (
  <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><path d={named(lines, name) ?? "M5 12h14"} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" /></svg>
);
