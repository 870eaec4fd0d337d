/*! Tessera in the browser: slots, events, consent. Types and words: tessera.d.ts */
(() => {
  "use strict";
  if (window.Tessera) return; // included twice
  const doc = document;
  const own = doc.currentScript;

  const VISITOR = "tessera_visitor";
  const CONSENT = "tessera_consent";
  const QUEUE = "tessera_queue";
  const SLOT = "[data-tessera-slot]";
  const BLOCK = "[data-tessera-block]";
  const PURPOSES = { scroll: "analytics" }; // as the server has them; all others are personalization
  const REFUSED_BY_GPC = ["personalization", "advertising"];
  const BATCH = 50;
  const BATCH_MS = 2000;
  const BATCH_BYTES = 60000; // browsers carry 64 KiB beyond the life of a page
  const EVENT_CHARS = 16000;
  const QUEUED = 500;
  const SEEN_MS = 1000;
  const ANSWER_MS = 10000;

  let options;
  let filled;
  let isOpen = false;
  let open;
  const opened = new Promise((resolve) => (open = resolve)); // when somebody looks at the page

  // What the browser may refuse altogether, such as cookies in a sandbox.
  const attempt = (what) => {
    try {
      return what();
    } catch {}
  };

  // ---- Consent, and who it is

  let said = {};
  let saidHere = false; // by a call on this page, and so to be written down
  let visitor;

  const stores = () => options.cookies !== "none";

  const readCookie = (name) =>
    attempt(() => {
      const found = stores() && doc.cookie.split("; ").find((one) => one.startsWith(name + "="));
      return found && decodeURIComponent(found.slice(name.length + 1));
    });

  const writeCookie = (name, value, days) =>
    attempt(() => {
      if (!stores()) return;
      doc.cookie =
        `${name}=${encodeURIComponent(value)};Path=/;SameSite=Lax;Max-Age=${days * 86400}` +
        (options.cookieDomain ? ";Domain=" + options.cookieDomain : "") +
        (location.protocol === "https:" ? ";Secure" : "");
    });

  // As the server reads it: a word that nobody can read is not a yes.
  const parseConsent = (text) => {
    const found = {};
    for (const part of (text || "").split(",")) {
      const [purpose, word = ""] = part.split(/=(.*)/).map((one) => one.trim());
      if (purpose) found[purpose] = /^(1|true|yes|granted)$/i.test(word);
    }
    return found;
  };

  const writeConsent = () => {
    const words = Object.entries(said).map(([purpose, yes]) => purpose + "=" + +!!yes);
    writeCookie(CONSENT, words.join(), 180);
  };

  const allows = (purpose) =>
    !(navigator.globalPrivacyControl && REFUSED_BY_GPC.includes(purpose)) &&
    !!(said[purpose] ?? !options.denyByDefault);

  const purposeOf = (type) => options.purposes[type] || "personalization";

  const isAllowed = (event) => allows(purposeOf(event.type));

  const consents = () => {
    const found = {};
    for (const one of ["personalization", "analytics", ...Object.values(options.purposes), ...Object.keys(said)]) {
      found[one] = allows(one);
    }
    return found;
  };

  // What the server is told: what the page allows by default is the word of nobody.
  const told = () => Object.fromEntries(Object.entries(consents()).filter(([one, yes]) => one in said || !yes));

  const random = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, "0")).join("");

  // Nobody has an id before a purpose that is allowed needs one.
  const visitorFor = (purpose) => {
    if (!allows(purpose)) return;
    if (!visitor) {
      visitor = options.visitorId || readCookie(VISITOR) || random();
      if (!options.visitorId) writeCookie(VISITOR, visitor, 365);
    }
    return visitor;
  };

  const consent = (change) => {
    if (change) {
      Object.assign(said, change);
      saidHere = true;
      if (isOpen) decided();
    }
    return options ? consents() : { ...said };
  };

  const decided = () => {
    if (saidHere) writeConsent();
    queue = queue.filter(isAllowed);
    if (!Object.values(consents()).includes(true)) {
      visitor = undefined;
      if (readCookie(VISITOR)) writeCookie(VISITOR, "", 0);
    }
    keep();
    half.forEach(arm);
    if (options.edge) classify();
  };

  // ---- Asking

  // Text, and the key in the address: browsers then ask other origins without asking first whether they may.
  const address = (path) => `${options.endpoint}${path}?key=${encodeURIComponent(options.key)}`;

  const ask = async (path, body, timeout, more) => {
    const signal = AbortSignal.timeout(timeout);
    try {
      const answer = await fetch(address(path), { method: "POST", body: JSON.stringify(body), signal, ...more });
      const told = await answer.json();
      // A slot that there is not, a key of another origin: the page shows its defaults, and would not say why.
      for (const { detail } of told.errors || [told]) if (detail) console.warn(detail);
      return answer.ok ? told : null;
    } catch {
      return null;
    }
  };

  const personalize = async (slots, more) => {
    await opened;
    const link = navigator.connection;
    const id = visitorFor("personalization");
    return ask(
      "/v1/personalize",
      {
        slots: slots.map((slot) => (slot.id ? slot : { id: slot })),
        unique: options.unique,
        visitor: id && { id },
        context: {
          url: location.href.split("#")[0],
          referrer: doc.referrer || undefined,
          locale: doc.documentElement.lang || undefined,
          timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          network: link && { save_data: link.saveData, effective_type: link.effectiveType },
          ...options.context,
          consent: told(),
        },
        options: { render: options.render ? "json" : "html" },
        ...more,
      },
      options.timeout,
      { credentials: id ? "same-origin" : "omit" }, // an old cookie stays here, too
    );
  };

  // A cookie by which a cache in front of the page tells kinds of visitors apart; of nobody it is taken away.
  const classify = () => {
    const id = visitorFor("personalization");
    return ask("/v1/class", { visitor: id && { id }, consent: told() }, ANSWER_MS, { credentials: "same-origin" });
  };

  const identify = async (who) => {
    await opened;
    const visitor_id = visitorFor("personalization");
    const headers = { "Content-Type": "application/json", "X-Tessera-Key": options.key };
    return visitor_id ? ask("/v1/identify", { visitor_id, ...who }, ANSWER_MS, { headers }) : null;
  };

  // ---- Slots

  // A page that demands trusted types allows the policy by this name.
  let policy;
  const trusted = (html) => {
    if (!window.trustedTypes) return html;
    policy ||= trustedTypes.createPolicy("tessera", { createHTML: (text) => text });
    return policy.createHTML(html);
  };

  const element = (made) => {
    if (typeof made !== "string") return made;
    const template = doc.createElement("template");
    template.innerHTML = trusted(made.trim());
    const { content } = template;
    if (content.childNodes.length === 1 && content.firstElementChild) return content.firstElementChild;
    const around = doc.createElement("div");
    around.append(content);
    return around;
  };

  const put = (place, answer) => {
    const name = place.dataset.tesseraSlot;
    const slot = answer.slots[name];
    const made = [];
    for (const block of slot?.blocks || []) {
      const found = element(options.render ? options.render(block, slot, name) : block.html);
      if (!found) continue;
      found.dataset.tesseraBlock = block.id;
      made.push(found);
    }
    if (!made.length) return; // the default stays
    place.style.minHeight = getComputedStyle(place).height; // what follows does not jump up
    addEventListener("resize", () => (place.style.minHeight = ""), { once: true });
    place.replaceChildren(...made);
    watch(place, name, answer);
  };

  const fill = async (root = doc, which = SLOT) => {
    const places = within(root, which);
    if (!places.length) return null;
    // Hidden only while nobody has seen it; its space stays.
    const hides = options.hide !== false && !performance.getEntriesByType("paint").length;
    const asks = new Map();
    for (const { dataset, style } of places) {
      if (hides) style.visibility = "hidden";
      asks.set(dataset.tesseraSlot, { id: dataset.tesseraSlot, limit: +dataset.tesseraLimit || undefined });
    }
    const answer = await personalize([...asks.values()].slice(0, BATCH));
    for (const place of places) {
      try {
        if (answer) put(place, answer);
      } catch (error) {
        console.error(error); // mostly of a render function
      }
      if (hides) place.style.visibility = "";
    }
    return answer;
  };

  const within = (root, which) => [...(root.matches?.(which) ? [root] : []), ...root.querySelectorAll(which)];

  // ---- Blocks: who saw them, who followed them

  const half = new Set(); // blocks half in view
  const timers = new Map();
  const counted = new Set();
  let observer;

  const watch = (place, name, answer) => {
    if (answer) {
      const { dataset } = place;
      dataset.tesseraSlot = name;
      dataset.tesseraToken = answer.slots[name].decision_token;
      dataset.tesseraDecision = answer.decision_id || "";
    }
    opened.then(() => observer && within(place, BLOCK).forEach((block) => observer.observe(block)));
  };

  const facts = (from) => {
    const block = from.closest?.(BLOCK);
    const slot = block?.closest(SLOT)?.dataset;
    return (
      slot && {
        content_id: block.dataset.tesseraBlock,
        slot: slot.tesseraSlot,
        decision_id: slot.tesseraDecision || undefined,
        decision_token: slot.tesseraToken,
      }
    );
  };

  const look = (entries) => {
    for (const { target, intersectionRatio, intersectionRect } of entries) {
      // A block taller than the window is seen when it fills half of that.
      const sees = intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2;
      half[sees ? "add" : "delete"](target);
      arm(target);
    }
  };

  const arm = (block) => {
    if (!half.has(block) || doc.hidden) {
      clearTimeout(timers.get(block));
      timers.delete(block);
    } else if (!timers.has(block)) {
      timers.set(block, setTimeout(impress, SEEN_MS, block));
    }
  };

  const impress = (block) => {
    timers.delete(block);
    const seen = facts(block);
    const key = JSON.stringify(seen);
    if (!seen || (!counted.has(key) && !track("impression", seen))) return;
    counted.add(key);
    half.delete(block);
    observer.unobserve(block);
  };

  const clicked = ({ button, target }) => {
    const block = button < 2 && facts(target);
    if (block) track("click", block);
  };

  // ---- Events

  const early = []; // what was tracked before the page was open
  let queue = []; // until it is known to have arrived
  let flying = [];
  let flight;
  let failures = 0;
  let timer = 0;

  const track = (type, more) => {
    if (!isOpen) return void (early.length < QUEUED && early.push([type, more]));
    const visitor_id = visitorFor(purposeOf(type));
    const event = { id: random(), ...more, type, visitor_id, time: new Date().toISOString() };
    if (!visitor_id || JSON.stringify(event).length > EVENT_CHARS) return;
    queue.push(event);
    if (queue.length > QUEUED) queue.shift();
    if (queue.length >= BATCH && !failures) send();
    else if (!flying.length) plan(BATCH_MS);
    return event.id;
  };

  const plan = (ms) => (timer ||= setTimeout(send, ms));

  const without = (batch) => (queue = queue.filter((event) => !batch.includes(event)));

  // As many as one request may carry.
  const take = (events) => {
    for (let count = BATCH; ; count >>= 1) {
      const batch = events.slice(0, count);
      const body = JSON.stringify({ events: batch, consent: told() });
      if (count < 2 || new Blob([body]).size <= BATCH_BYTES) return [batch, body];
    }
  };

  // One after the other, so that a server in trouble is not asked by several.
  const send = () => (flying.length ? flight : (flight = fly()));

  const flush = async () => {
    await flight;
    await send();
  };

  const fly = async () => {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length) return;
    const [batch, body] = take(queue);
    flying = batch;
    let wait_ms = 0;
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const { status, headers } = await fetch(address("/v1/events"), { method: "POST", body, keepalive: true, signal });
      // What was refused for another reason would be refused again.
      if (status === 429 || status >= 500) wait_ms = 1000 * headers.get("Retry-After") || 1;
    } catch {
      wait_ms = 1;
    }
    flying = [];
    if (wait_ms) {
      plan(wait_ms + Math.min(60000, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2));
    } else {
      failures = 0;
      without(batch);
      if (queue.length) plan(queue.length < BATCH ? BATCH_MS : 0);
    }
  };

  const keep = () =>
    attempt(() => {
      if (!stores()) return;
      if (queue.length) sessionStorage.setItem(QUEUE, JSON.stringify(queue));
      else sessionStorage.removeItem(QUEUE);
    });

  // ---- The page

  let shownSince = 0;
  let depth = 0;

  const does = (type) => options.auto.includes(type);

  const dwell = () => {
    const seconds = shownSince && Math.min(86400, Math.round((performance.now() - shownSince) / 100) / 10);
    shownSince = 0;
    if (seconds >= 1 && does("dwell")) track("dwell", { content_id: options.contentId, value: seconds });
  };

  const scrolled = () => {
    const share = (100 * (scrollY + innerHeight + 1)) / doc.documentElement.scrollHeight;
    for (const value of [25, 50, 75, 100]) {
      if (value > depth && share >= value && track("scroll", { content_id: options.contentId, value })) depth = value;
    }
  };

  const page = (contentId) => {
    dwell();
    options.contentId = contentId;
    depth = 0;
    show();
    if (does("view")) track("view", { content_id: contentId });
  };

  const show = () => {
    if (!doc.hidden) shownSince ||= performance.now();
    half.forEach(arm);
  };

  const leave = () => {
    dwell();
    half.forEach(arm);
    // A server that asked for time gets it, where the next page can send them.
    let left = failures && stores() ? [] : queue.filter((event) => !flying.includes(event));
    while (left.length) {
      const [batch, body] = take(left);
      if (!navigator.sendBeacon(address("/v1/events"), body)) break;
      without(batch);
      left = left.slice(batch.length);
    }
    keep();
  };

  const until = (event) => new Promise((resolve) => doc.addEventListener(event, resolve, { once: true }));

  const begin = async () => {
    if (doc.prerendering) await until("prerenderingchange");
    said = { ...parseConsent(readCookie(CONSENT)), ...options.consent, ...said };
    queue = (stores() && attempt(() => JSON.parse(sessionStorage.getItem(QUEUE)))) || [];
    if (queue.length) plan(0);
    isOpen = true;
    decided();
    doc.addEventListener("visibilitychange", () => (doc.hidden ? leave() : show()));
    addEventListener("pagehide", leave);
    addEventListener("pageshow", show);
    if (does("impression")) observer = new IntersectionObserver(look, { threshold: [0, 0.1, 0.2, 0.3, 0.4, 0.5] });
    if (does("click")) for (const kind of ["click", "auxclick"]) doc.addEventListener(kind, clicked, true);
    if (does("scroll")) addEventListener("scroll", scrolled, { passive: true });
    page(options.contentId);
    for (const event of early) track(...event);
    open();
    if (doc.readyState === "loading") await until("DOMContentLoaded");
    watch(doc); // what the server has rendered
    return fill(doc, SLOT + ":not([data-tessera-token])");
  };

  const init = (given) => {
    if (options) return filled;
    options = {
      endpoint: own?.src ? new URL(own.src).origin : location.origin,
      timeout: 600,
      auto: ["view", "impression", "click", "dwell", "scroll"],
      ...given,
    };
    options.purposes = { ...PURPOSES, ...options.purposes };
    return (filled = begin());
  };

  window.Tessera = Object.freeze({
    init,
    fill: (root) => opened.then(() => fill(root)),
    personalize,
    watch,
    track,
    page,
    identify,
    consent,
    flush,
    get visitorId() {
      return visitor;
    },
  });

  if (own?.dataset.key) {
    const given = { ...own.dataset };
    const is = (name) => given[name] !== undefined && given[name] !== "false";
    given.consent = parseConsent(given.consent);
    given.denyByDefault = is("denyByDefault");
    given.hide = given.hide !== "false";
    given.edge = is("edge");
    given.timeout = +given.timeout || 600;
    if (given.auto !== undefined) given.auto = given.auto.split(/[ ,]+/);
    else delete given.auto;
    init(given);
  }
})();
