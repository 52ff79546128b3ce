/**
 * Argosy in a storefront: events in batches, recommendations with a timeout and a fallback.
 *
 * Use a key made by `argosy keys add shop --scopes public`: it may send events and ask for
 * recommendations of visitors, and nothing else. No call throws or rejects.
 */

export type EventKind =
  | "impression" | "click" | "view" | "cart" | "uncart" | "purchase" | "hide" | "unhide";

export interface ShopEvent {
  kind: EventKind;
  product_id: string;
  placement?: string;
  recommendation_id?: string;
  market?: string;
}

export interface RecommendationQuery {
  placement?: string;
  market?: string;
  ship_to?: string;
  limit?: number;
  cart?: string[];
  exclude?: string[];
  in_stock_only?: boolean;
  new_only?: boolean;
  explain?: boolean;
}

export interface RecommendedItem {
  product_id: string;
  rank: number;
  score: number | null;
  reasons?: { code: string; text: string; product_id?: string | null }[];
  availability?: { warehouse_id: string; on_hand: number } | null;
}

export interface Recommendations {
  items: RecommendedItem[];
  recommendation_id: string | null;
  served_by: string;
  degraded: boolean;
}

export interface StorefrontOptions {
  /** Address of the server, such as https://argosy.example.com */
  url: string;
  /** A public key; none where keys are off. */
  key?: string;
  /** Who this is: by default a random id kept in localStorage. */
  visitorId?: string;
  /** Products to show when there is no answer in time. */
  fallback?: string[];
  /** Milliseconds to wait for recommendations. */
  timeoutMs?: number;
  /** Milliseconds that events wait for others. */
  flushMs?: number;
  /** Events in a request, at most 500. */
  batchSize?: number;
  /** Events kept while the server is away; the oldest go first. */
  mostKept?: number;
  fetch?: typeof fetch;
}

interface KeptEvent extends ShopEvent {
  event_id: string;
  occurred_at: string;
  visitor_id: string;
}

const randomId = (): string =>
  globalThis.crypto?.randomUUID?.() ??
  Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10)).join("");

const keptVisitor = (): string => {
  const name = "argosy_visitor";
  try {
    const found = localStorage.getItem(name) ?? `v-${randomId()}`;
    localStorage.setItem(name, found);
    return found;
  } catch {
    return `v-${randomId()}`; // no storage: a visitor for this page
  }
};

export class Storefront {
  readonly visitorId: string;
  private readonly url: string;
  private readonly fetch: typeof fetch;
  private waiting: KeptEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private sending: Promise<void> | undefined;

  constructor(private readonly options: StorefrontOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.visitorId = options.visitorId ?? keptVisitor();
    if (typeof document !== "undefined") {
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "hidden") void this.flush();
      });
    }
  }

  /** Take an event; it goes out with others, and again until the server has it. */
  track(event: ShopEvent): void {
    this.waiting.push({
      ...event,
      event_id: `e-${randomId()}`,
      occurred_at: new Date().toISOString(),
      visitor_id: this.visitorId,
    });
    const most = this.options.mostKept ?? 1000;
    if (this.waiting.length > most) this.waiting.splice(0, this.waiting.length - most);
    if (this.waiting.length >= this.batchSize()) void this.flush();
    else this.later(this.options.flushMs ?? 1000);
  }

  /** How many events wait. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Send what waits now; resolves when it was sent or kept for later. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
    return this.sending;
  }

  /** Recommendations, or the fallback when there is no answer in time. */
  async recommend(query: RecommendationQuery = {}): Promise<Recommendations> {
    const timeout = this.options.timeoutMs ?? 300;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeout);
    try {
      const answer = await this.post("/v1/recommendations", {
        visitor_id: this.visitorId,
        ...query,
      }, stop.signal);
      if (!answer.ok) return this.instead(query, `status ${answer.status}`);
      return (await answer.json()) as Recommendations;
    } catch {
      return this.instead(query, stop.signal.aborted ? "timeout" : "unreachable");
    } finally {
      clearTimeout(timer);
    }
  }

  private instead(query: RecommendationQuery, why: string): Recommendations {
    const out = new Set([...(query.exclude ?? []), ...(query.cart ?? [])]);
    const shown = (this.options.fallback ?? []).filter((product) => !out.has(product));
    return {
      items: shown.slice(0, query.limit ?? 10).map((product_id, place) => ({
        product_id,
        rank: place + 1,
        score: null,
      })),
      recommendation_id: null,
      served_by: `fallback: ${why}`,
      degraded: true,
    };
  }

  private async send(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, this.batchSize());
      let taken = false;
      let useless = false;
      try {
        const answer = await this.post("/v1/events", { events: batch });
        taken = answer.ok;
        // What the server refuses as wrong stays wrong; all else may pass later.
        useless = answer.status >= 400 && answer.status < 500 && ![401, 403, 408, 409, 429].includes(answer.status);
      } catch {
        taken = false;
      }
      if (!taken && !useless) {
        this.failures += 1;
        this.later(Math.min((this.options.flushMs ?? 1000) * 2 ** this.failures, 60_000));
        return;
      }
      this.failures = 0;
      const sent = new Set(batch);
      this.waiting = this.waiting.filter((event) => !sent.has(event));
    }
  }

  private later(milliseconds: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => void this.flush(), milliseconds);
    (this.timer as { unref?: () => void }).unref?.(); // a waiting event keeps no process alive
  }

  private batchSize(): number {
    return Math.min(this.options.batchSize ?? 50, 500);
  }

  private post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (this.options.key) headers["X-API-Key"] = this.options.key;
    return this.fetch(this.url + path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      keepalive: path === "/v1/events", // goes out although the page is left
      ...(signal ? { signal } : {}),
    });
  }
}
