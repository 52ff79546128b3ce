/**
 * Argosy in a storefront: events in batches, recommendations with a timeout and a fallback.
 *
 * Use a key made by `argosy keys add shop --scopes public`: it may send events and ask for
 * recommendations of visitors, and nothing else. No call throws or rejects.
 */
export type EventKind = "impression" | "click" | "view" | "cart" | "uncart" | "purchase" | "hide" | "unhide";
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
    reasons?: {
        code: string;
        text: string;
        product_id?: string | null;
    }[];
    availability?: {
        warehouse_id: string;
        on_hand: number;
    } | null;
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
export declare class Storefront {
    private readonly options;
    readonly visitorId: string;
    private readonly url;
    private readonly fetch;
    private waiting;
    private timer;
    private failures;
    private sending;
    constructor(options: StorefrontOptions);
    /** Take an event; it goes out with others, and again until the server has it. */
    track(event: ShopEvent): void;
    /** How many events wait. */
    get pending(): number;
    /** Send what waits now; resolves when it was sent or kept for later. */
    flush(): Promise<void>;
    /** Recommendations, or the fallback when there is no answer in time. */
    recommend(query?: RecommendationQuery): Promise<Recommendations>;
    private instead;
    private send;
    private later;
    private batchSize;
    private post;
}
