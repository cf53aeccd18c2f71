/*
 * fuzz-views.mjs: what fuzz.mjs opens. A view is [name, path, what is clicked when it is there]; a path may name the customer as {cid}.
 *
 * Every page of the console's router is here at least once: fuzz.mjs compares the names.
 */
const id = (name) => `[data-testid="${name}"]`;
const begins = (name) => `[data-testid^="${name}"]`;

export const console_views = [
  ["overview", "/console", [id("score-open")]],
  ["customers", "/console/customers?q=ana"],
  ["customers-channel", "/console/customers?channel=app"],
  ["card", "/console/customers/{cid}", [id("worth-why")]],
  ["card-decided", "/console/customers/{cid}", [id("decided"), begins("explain-")]],
  ["card-merge", "/console/customers/{cid}", [id("merge")]],
  ["card-correct", "/console/customers/{cid}", [id("correct")]],
  ["journeys", "/console/journeys"], ["flow", "/console/journeys?view=flow"], ["paths", "/console/journeys?view=paths"],
  ["leaving", "/console/journeys?view=leaving&cut=goal&goal=Bill%20Paid"],
  ["journeys-customers", "/console/journeys/customers?of=all"],
  ["broken", "/console/broken?days=366"], ["broken-opened", "/console/broken/card-activation?days=366"],
  ["voice", "/console/voice"], ["voice-ideas", "/console/voice?view=ideas", [id("answer-notes-by-size")]], ["voice-preference", "/console/voice?view=preference"],
  ["voice-customers", "/console/voice/customers?scale=stars&days=365"],
  ["worth", "/console/worth"], ["worth-group", "/console/worth/customers?group=cell:keep"], ["worth-segment", "/console/worth/customers?segment=needed-a-person"],
  ["layers", "/console/layers"], ["layers-node", "/console/layers?node=card-system&if=hours%3Dnightly"], ["layers-maps", "/console/layers?view=maps"], ["layers-walk", "/console/layers?view=walk"],
  ["roadmap", "/console/roadmap?days=366", [begins("plan-")]], ["inventory", "/console/inventory"],
  ["trust", "/console/trust", [id("verify")]], ["trust-answer", "/console/trust", [begins("answer-r")]],
  ["staff", "/console/staff", [id("invite")]], ["damage", "/console/damage"], ["keys", "/console/keys", [id("make")]],
  ["score", "/console/score/10"],
];
/* Pages that are loaded whole for each change. */
export const whole_views = [
  ["door", "/console"],
  ["harbour", "/harbour"], ["shop", "/harbour/shop?person=ana&channel=web", [id("basket-add-lamp-grey"), id("change-lamp-red")]],
  ["machine", "/harbour/machine?person=ana", [id("why")]], ["machine-cash", "/harbour/machine?person=ben", [id("amount-50"), id("receipt-no")]],
  ["app", "/harbour/app?person=ana", [id("more")]], ["bills", "/harbour/app?person=ana&screen=pay-bill"], ["web", "/harbour/web?person=ana"],
  ["product", "/harbour/product?person=ana&channel=web"], ["branch", "/harbour/branch?person=ana"], ["queue", "/harbour/queue?counter=4"],
];
export const portal_paths = ["/me", "/me/why", "/me/receipts", "/me/ideas", "/me/question", "/me/erase", "/me/erase?step=sure"];
