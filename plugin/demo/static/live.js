/* The panel "What Tessera knows of you": kept up to date, and its switches. What is recorded, tessera.js records. */
(() => {
  "use strict";
  const panel = document.getElementById("live");
  if (!panel || !window.Tessera) return;
  const SOONEST_MS = 700;
  const LATEST_MS = 6000;
  const boxes = [...panel.querySelectorAll("[data-consent]")];
  const status = panel.querySelector("[data-status]");
  let wait_ms = SOONEST_MS;
  let timer = 0;

  // ---- What is known, asked for again: soon where something has just changed, then less and less often

  const refresh = async () => {
    const answer = await fetch(panel.dataset.address, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return false;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    let changed = false;
    for (const part of found.querySelectorAll("[data-live]")) {
      const place = panel.querySelector(`[data-live="${part.dataset.live}"]`);
      if (place.innerHTML.trim() === part.innerHTML.trim()) continue;
      place.replaceChildren(...part.childNodes);
      changed = true;
    }
    return changed;
  };

  const tick = async () => {
    let changed = false;
    try {
      if (!document.hidden) changed = await refresh();
    } catch {
      // the next one asks again
    }
    wait_ms = changed ? SOONEST_MS : Math.min(LATEST_MS, wait_ms * 1.5);
    timer = setTimeout(tick, wait_ms);
  };

  const soon = async () => {
    await Tessera.flush();
    clearTimeout(timer);
    wait_ms = SOONEST_MS / 2;
    timer = setTimeout(tick, wait_ms / 3);
  };

  // ---- Switches

  const showConsent = () => {
    const allowed = Tessera.consent();
    for (const box of boxes) box.checked = allowed[box.name];
  };

  const readCookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));

  // The cookie speaks for this browser; told to the service, a refusal also takes out what was kept.
  const allow = async (consent) => {
    const visitor_id = readCookie("tessera_visitor")?.split("=")[1];
    Tessera.consent(consent);
    showConsent(); // Global Privacy Control may know better
    if (!visitor_id) return;
    const address = `/v1/preferences?key=${encodeURIComponent(panel.dataset.key)}`;
    const body = JSON.stringify({ visitor_id, consent });
    await fetch(address, { method: "POST", body, keepalive: true, signal: AbortSignal.timeout(5000) });
  };

  // What waits to be sent would make somebody new of who is gone: it is dropped, with the id, by a refusal of everything.
  const forget = async () => {
    const before = readCookie("tessera_consent");
    const answer = await fetch(panel.dataset.forget, { method: "POST", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const { receipt } = await answer.json();
    Tessera.consent(Object.fromEntries(boxes.map((box) => [box.name, false])));
    document.cookie = `${before || "tessera_consent="};Path=/;SameSite=Lax;Max-Age=${before ? 180 * 86400 : 0}`;
    status.textContent = `${status.dataset.done} ${receipt}`;
    await soon();
  };

  panel.addEventListener("toggle", () => {
    document.cookie = `veilleuse_live=${panel.open ? "open" : ""};Path=/;SameSite=Lax`;
  });

  panel.addEventListener("change", ({ target }) => {
    if (boxes.includes(target)) allow({ [target.name]: target.checked }).finally(soon);
  });

  panel.querySelector("[data-forget-me]")?.addEventListener("click", ({ target }) => {
    target.disabled = true;
    forget().catch(() => {
      status.textContent = status.dataset.failed;
      target.disabled = false;
    });
  });

  // ---- The till of the shop

  document.querySelector("[data-till]")?.addEventListener("click", ({ target, currentTarget }) => {
    const type = target.dataset?.track;
    if (!type) return;
    const { content, value, currency } = currentTarget.dataset;
    if (Tessera.track(type, { content_id: content, value: Number(value), properties: { currency } })) {
      currentTarget.querySelector("[role=status]").textContent = target.dataset.said;
    }
    soon();
  });

  for (const one of document.querySelectorAll(".live__controls, [data-till]")) one.hidden = false;
  showConsent();
  soon();
})();
