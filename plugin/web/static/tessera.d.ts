/** Types of `tessera.js`. Fields of requests, answers and events are named as they travel. */

/** What the visitor allows, by purpose. */
export type Consent = Record<string, boolean>;

/** Kinds of events that are sent without a call. */
export type Automatic = "view" | "impression" | "click" | "dwell" | "scroll";

export interface Block {
  id: string;
  type: string;
  /** From 1, without gaps. */
  position: number;
  score: number;
  /** Empty where the answer was asked for as markup. */
  fields: Record<string, unknown>;
  tags: string[];
  html: string | null;
  reason: {
    kind: "pin" | "score" | "experiment" | "default" | "degraded";
    rule: string | null;
    experiment: string | null;
    arm: string | null;
    model: string | null;
  };
}

export interface Slot {
  blocks: Block[];
  presentation: Record<string, unknown>;
  fallback: boolean;
  audience_key: string;
  ttl_s: number;
  decision_token: string;
}

export interface Answer {
  ruleset: number;
  decision_id?: string | null;
  visitor?: { id: string | null; segments: string[] };
  slots: Record<string, Slot>;
  errors: { slot: string; detail: string }[];
  degraded: string[];
}

export interface SlotAsked {
  id: string;
  limit?: number;
  exclude?: string[];
}

export interface Options {
  /** The delivery key. */
  key: string;
  /** Where Tessera answers, without a slash at the end. Left out: where the script came from. */
  endpoint?: string;
  /** An id of your making; it is not written to a cookie. Left out: a random one, once a purpose allows it. */
  visitorId?: string;
  /** What is known to be allowed; a call of `consent` says otherwise. */
  consent?: Consent;
  /** Whether a purpose of which nobody spoke is refused. As the service's `deny_consent_by_default`. */
  denyByDefault?: boolean;
  /** `none`: nothing is stored in the browser, neither cookies nor events that wait. Default `auto`. */
  cookies?: "auto" | "none";
  /** For cookies that subdomains share, such as `example.com`. */
  cookieDomain?: string;
  /** The purpose of types of your own, as they are registered. Else `personalization`, and of `scroll` `analytics`. */
  purposes?: Record<string, string>;
  /** The entry that the page shows. */
  contentId?: string;
  /** Which events are sent by themselves. Default: all. */
  auto?: Automatic[];
  /** Keeps an entry to the first slot that shows it. */
  unique?: boolean;
  /** Of the request, beside what the script finds out: `{custom: {cart_value: 80}}`. */
  context?: Record<string, unknown>;
  /** Whether a cache in front of the pages speaks the edge protocol: it is told the visitor's class by a cookie. */
  edge?: boolean;
  /** Milliseconds after which the defaults stay. Default 600. */
  timeout?: number;
  /** Whether slots are invisible until they are filled, if nothing was painted yet. Default true. */
  hide?: boolean;
  /** Makes a block of its fields. Left out: the service's block templates do. Null leaves the block out. */
  render?(block: Block, slot: Slot, id: string): string | HTMLElement | SVGElement | null;
}

export interface EventFields {
  /** Of your making, such as an order number: the same id counts once. Left out: a random one. */
  id?: string;
  content_id?: string;
  slot?: string;
  decision_id?: string;
  decision_token?: string;
  value?: number;
  properties?: Record<string, unknown>;
}

export interface TesseraApi {
  /** Begin, once. Resolves when the slots of the page are filled, or left; null where there was none, or no answer. */
  init(options: Options): Promise<Answer | null>;
  /** Ask again for the slots of the page, or of a part of it. */
  fill(root?: Document | Element): Promise<Answer | null>;
  /** Ask for blocks and do with them what you like; `more` is added to the body. Null where there was no answer. */
  personalize(slots: (string | SlotAsked)[], more?: Record<string, unknown>): Promise<Answer | null>;
  /** Count impressions and clicks of the `[data-tessera-block]` in an element; with an answer, mark it as its slot. */
  watch(place: Element, slot: string, answer: Answer): void;
  watch(place: Document | Element): void;
  /** Send an event. Gives its id, or undefined where it is not allowed or too large, or the page not open yet. */
  track(type: string, fields?: EventFields): string | undefined;
  /** Another page without loading one: dwell ends, scroll depth begins anew, and the page is viewed. */
  page(contentId?: string): void;
  /** Say who it is, as `POST /v1/identify` takes it. Null where it was refused. */
  identify(who: Record<string, unknown>): Promise<unknown>;
  /** Change what is allowed, at once; gives what is allowed now. */
  consent(change?: Consent): Consent;
  /** Send now what waits. */
  flush(): Promise<void>;
  /** The visitor's id, once there is one. */
  readonly visitorId: string | undefined;
}

declare global {
  const Tessera: TesseraApi;
  interface Window {
    readonly Tessera: TesseraApi;
  }
}
