/* brand.ts: the company these pages belong to. */
export const brand = { name: "Harbour", currency: "EUR" };

const titles: Record<string, string> = {
  "balance": "Balance", "transfer": "Transfer", "pay-bill": "Pay a bill", "cards": "Cards", "savings": "Savings", "share-prices": "Share prices",
  "loans": "Loans", "statements": "Statements", "support": "Help",
};
export const titleOf = (option: string, given?: string): string => given ?? (Object.hasOwn(titles, option) ? titles[option] : undefined) ?? option.replace(/-/g, " ").replace(/^./, (c) => c.toUpperCase());
