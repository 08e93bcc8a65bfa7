/** What was talked about in the demo's history: short conversations between a developer and the agent, oldest first. */
import type { TurnSpec } from "./spec.ts";

/** A folder of the developer, a question, an answer, and where there is more, the next question and answer. */
type Talk = readonly [folder: string, user: string, agent: string, user2?: string, agent2?: string];

/** One conversation. */
export interface Conversation {
  readonly cwd: string;
  readonly turns: readonly TurnSpec[];
}

const TALKS: readonly Talk[] = [
  [
    "shop",
    "Set up the repository: workspaces, lint, CI",
    "Done: three packages, one pipeline, green.",
    "Add a licence file",
    "MIT it is.",
  ],
  [
    "shop",
    "Why is npm ci so slow in the pipeline?",
    "The cache key holds the date. Keyed by the lockfile it takes 14 s.",
  ],
  [
    "billing",
    "Explain how invoices get their numbers",
    "A sequence per tenant, taken inside the transaction that stores the invoice.",
  ],
  [
    "billing",
    "Write a migration that splits name into first and last",
    "Added, with a backfill in batches of 500 and a down migration.",
  ],
  [
    "shop",
    "The cart forgets items after login",
    "The guest cart was dropped before the merge. Swapped, and a test for it.",
  ],
  [
    "infra",
    "Move the staging database to Postgres 17",
    "Dump, restore, replay: 6 minutes of downtime. Runbook in docs/pg17.md.",
  ],
  [
    "shop",
    "Make the product page pass the accessibility audit",
    "Labels, focus order, contrast: 4 findings fixed, 0 left.",
  ],
  [
    "notes",
    "Sketch an offline-first sync for notes",
    "Log of operations per device, merged by hybrid clocks. Outline in SYNC.md.",
    "What if two devices rename a note?",
    "Last writer wins, the other name is kept as an alias.",
  ],
  [
    "billing",
    "Round VAT per line or per invoice?",
    "Per line, half to even. The two differ by 1 cent in 3 of 812 invoices.",
  ],
  [
    "infra",
    "Why did the node run out of disk last night?",
    "Container logs without rotation: 41 GB. Limited to 5 files of 50 MB.",
  ],
  [
    "shop",
    "Replace moment with Temporal",
    "112 call sites, 9 of them wrong about time zones before. All covered.",
  ],
  [
    "notes",
    "Full text search with SQLite FTS5",
    "Table, triggers and ranking by bm25. 12 ms for 80,000 notes.",
  ],
  [
    "billing",
    "Flaky test: refund twice in one second",
    "The id came from the clock. Now from a sequence, 500 runs green.",
  ],
  ["shop", "Cache product images at the edge", "Hashed names, a year of max-age, purge on publish."],
  [
    "infra",
    "Rotate the deploy keys without an outage",
    "Two keys valid for a day; every job moved over, the old one removed.",
  ],
  [
    "shop",
    "Turn the checkout into a state machine",
    "7 states, 11 transitions, and the impossible ones no longer compile.",
    "Draw it",
    "Diagram in docs/checkout.svg.",
  ],
  ["billing", "Export to the tax office format", "XML with the 2026 schema, validated in the test."],
  [
    "notes",
    "Why does the editor lag on long notes?",
    "Every key re-parsed the whole note. Now only the block: 2 ms.",
  ],
  ["infra", "Alert when backups are older than a day", "Probe and rule added; tested by moving the clock."],
  [
    "shop",
    "Stock goes negative when two people buy the last one",
    "Reserved under a row lock. Reproduced with 50 buyers first.",
  ],
  [
    "billing",
    "Idempotency keys for the payment webhook",
    "Stored with the response for 7 days; replays answer the same.",
  ],
  ["notes", "Import from Markdown folders", "Front matter, links and images kept. 2,300 files in 4 s."],
  ["shop", "Split the bundle, it is 2.1 MB", "Routes are loaded when needed: 310 KB at the start."],
  [
    "infra",
    "Terraform plan shows a change every time",
    "A map without order in the module. Sorted, plan is empty.",
  ],
  [
    "billing",
    "Who may see the invoices of a closed account?",
    "Owners for 10 years, nobody else. Policy and tests added.",
  ],
  ["shop", "Search gives nothing for umlauts", "Folded on both sides; müller finds Mueller and back."],
  [
    "notes",
    "Encrypt attachments on the device",
    "Key per note, wrapped by the account key. Streaming, 64 KB pieces.",
  ],
  [
    "infra",
    "Our certificates expire on Friday",
    "Renewal failed since the move. Fixed, renewed, and an alert at 20 days.",
  ],
  [
    "billing",
    "Dunning letters go out twice",
    "Two workers took the same job. Now claimed by an update that counts.",
  ],
  ["shop", "Write the post-mortem for Tuesday", "Timeline, causes, 5 actions. Draft in docs/incidents."],
  [
    "notes",
    "Property tests for the merge function",
    "Commutative, associative, idempotent: 3 bugs found, fixed.",
  ],
  ["shop", "Coupons can be used without end", "Counted in the same transaction as the order."],
  [
    "infra",
    "Measure what the build machines cost",
    "61 % idle. Scaled by queue length, the bill is down by half.",
  ],
  ["billing", "Support currencies without cents", "Minor units per currency; yen and dinar in the tests."],
  ["notes", "Undo across sessions", "The operations log is the undo stack. 200 lines removed."],
  [
    "shop",
    "Try the same checkout with server components",
    "Works, but each step waits for the server: 180 ms more.",
  ],
  ["shop", "Rework the returns page", "First version with one form for everything."],
  ["infra", "Restore drill: how long do we need?", "22 minutes for everything, 3 for the shop alone."],
  ["billing", "Speed up the monthly report", "One pass with window functions: 9 minutes before, 11 s now."],
  ["notes", "Share a note by link", "Unguessable id, expiry, view only."],
  // From here on through the proxy at work.
  ["gateway", "Rate limits per customer, not per address", "Token bucket in Redis, one round trip."],
  [
    "gateway",
    "Trace a request through all services",
    "One id from the edge to the database, shown in every log line.",
  ],
  [
    "ledger",
    "Prove that postings always balance",
    "Checked by the database: a deferred constraint per entry.",
  ],
  [
    "gateway",
    "Why do 0.2 % of requests take 5 s?",
    "DNS: the second resolver is gone. Removed from the image.",
  ],
  [
    "ledger",
    "Partition the postings table by month",
    "Online, with triggers during the copy. 0 lost, 0 twice.",
  ],
  ["gateway", "Retry only what may be retried", "By method and by a header; everything else fails at once."],
  [
    "ledger",
    "Read model for the account page",
    "Projection with its position stored beside it; rebuilds in 40 s.",
  ],
  ["gateway", "Upgrade to HTTP/3", "Behind a flag, 10 % of the traffic. Handshakes 30 % faster."],
  ["ledger", "Audit log that cannot be changed", "Hash chain, anchored daily."],
  [
    "gateway",
    "Load test with real traffic",
    "Replayed an hour at 4 times the speed; the pool was the limit.",
  ],
  [
    "ledger",
    "Interest is off by a day in leap years",
    "Day count by the contract's rule. 3 contracts corrected.",
  ],
  [
    "gateway",
    "Drain connections before a deploy",
    "Ready goes false, 20 s wait, then stop. 0 errors in 30 deploys.",
  ],
  [
    "ledger",
    "Close the books without stopping the world",
    "Snapshot isolation and a closing entry. 0 s downtime.",
  ],
  ["gateway", "Circuit breaker for the address service", "Opens at 50 % errors, half open after 10 s."],
  // Some experiments with a model in the lab.
  ["scratch", "Compare three JSON parsers on our payloads", "simd wins above 4 KB, the old one below."],
  ["scratch", "Would a bloom filter help here?", "Yes: 98 % of the lookups are misses."],
  ["scratch", "Fit the latency model to last month", "Log-normal, two modes: cache and no cache."],
  // And since last week the new provider.
  ["shop", "Add gift cards to the checkout", "One more payment kind; the state machine caught two gaps."],
  ["billing", "Invoice PDFs with the new logo", "Template changed, 12 golden files updated."],
  ["infra", "Pin the base images by digest", "14 images, and a bot that proposes updates."],
  ["notes", "Fix the crash when a note is empty", "The parser expected a first block. Test added."],
];

/** All conversations, oldest first. */
export const CONVERSATIONS: readonly Conversation[] = TALKS.map(([folder, user, agent, user2, agent2]) => ({
  cwd: `/home/sam/code/${folder}`,
  turns: [
    { user, agent },
    ...(user2 === undefined || agent2 === undefined ? [] : [{ user: user2, agent: agent2 }]),
  ],
}));
