// Progressive enhancement only: every page works without it.
"use strict";

// Line numbers that follow the typing, and a way from a problem to its place.
const area = document.getElementById("editor");
if (area) {
  const gutter = area.parentElement.querySelector(".gutter");
  const grow = () => {
    const wanted = Math.max(12, area.value.split("\n").length + 4);
    while (gutter.children.length < wanted) {
      const line = document.createElement("li");
      line.textContent = String(gutter.children.length + 1);
      gutter.append(line);
    }
    while (gutter.children.length > wanted) gutter.lastElementChild.remove();
    area.rows = wanted;
  };
  area.addEventListener("input", grow);
  grow();

  for (const place of document.querySelectorAll("[data-line]")) {
    place.addEventListener("click", (event) => {
      event.preventDefault();
      const lines = area.value.split("\n");
      const before = lines.slice(0, Number(place.dataset.line) - 1).reduce((sum, line) => sum + line.length + 1, 0);
      const at = before + Number(place.dataset.column) - 1;
      area.focus();
      area.setSelectionRange(at, before + (lines[Number(place.dataset.line) - 1] || "").length);
    });
  }

  // Text that was typed is not left by mistake.
  const first = area.value;
  let sending = false;
  area.form.addEventListener("submit", () => { sending = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!sending && area.value !== first) event.preventDefault();
  });
}

// Frames as high as the blocks in them.
for (const frame of document.querySelectorAll("iframe.frame")) {
  const fit = () => {
    const page = frame.contentDocument;
    if (page && page.body) frame.style.height = `${Math.min(1600, Math.max(60, page.body.scrollHeight + 2))}px`;
  };
  frame.addEventListener("load", fit);
  fit();
}

// The preview follows the slot: what it asks of the visitor depends on the rules of it.
const slot = document.getElementById("slot");
if (slot) {
  // Who chooses by the keyboard goes on from the same field on the page that comes.
  slot.addEventListener("change", () => {
    sessionStorage.setItem("chosen", slot.id);
    slot.form.action = slot.form.action.split("#")[0]; // the place in an address would take the focus
    slot.form.requestSubmit();
  });
}
const chosen = document.getElementById(sessionStorage.getItem("chosen") || "");
if (chosen) chosen.focus();
sessionStorage.removeItem("chosen");

// What keeps a form from being saved is where reading goes on; nothing chosen is left by mistake.
const wrong = document.getElementById("wrong");
if (wrong && !chosen) wrong.focus();
const made = document.getElementById("make");
if (made) {
  let touched = "unsaved" in made.dataset;
  // The form is drawn again where it stands; what it says in words follows what is chosen in it.
  const begin = () => {
    for (const one of made.querySelectorAll("[data-scripted]")) one.hidden = true; // for those who have no scripts
  };
  begin();
  const held = () => String(new URLSearchParams(new FormData(made)));
  const ask = async (name, value) => {
    const before = held();
    const sent = new URLSearchParams(before);
    sent.append(name, value);
    try {
      const answer = await fetch(made.getAttribute("action"), { method: "POST", body: sent });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [page.getElementById("make"), before === held()];
    } catch {
      return [null, true];
    }
  };
  // Where the Tab key leads from a field.
  const after = (id) => {
    const fields = [...made.querySelectorAll("input, select, textarea, button, a, summary")];
    const reached = fields.filter((one) => one.tabIndex >= 0 && !one.disabled && one.getClientRects().length);
    return reached[reached.findIndex((one) => one.id === id) + 1];
  };
  let later = 0;
  let left = "";
  let drawing = false;
  let pressed = null;
  // Nothing that is chosen or pressed while an answer is on its way is drawn over, or gets lost.
  const draw = async (button) => {
    clearTimeout(later);
    pressed ||= button;
    if (drawing) return;
    drawing = true;
    let drawn = null;
    let current = false;
    while (!current) {
      const mine = pressed;
      [drawn, current] = await ask(mine ? mine.name : "follow", mine ? mine.value : "yes");
      current &&= mine === pressed;
    }
    drawing = false;
    const last = pressed;
    pressed = null;
    if (!drawn) {
      made.requestSubmit(last || made.querySelector("[name=follow]")); // the page that comes tells what is wrong
      return;
    }
    const active = made.contains(document.activeElement) ? document.activeElement : null;
    const { id = "", selectionStart: start, selectionEnd: end } = active || {};
    const tabbed = active && left && !last && active === after(left); // past fields that are only drawn now
    made.replaceChildren(...drawn.childNodes);
    begin();
    const begun = made.querySelector("[autofocus]:not(:disabled)");
    const goOn = begun || (tabbed && after(left)) || document.getElementById(id);
    left = "";
    if (!goOn) return;
    goOn.focus();
    if (goOn.id === id && typeof start === "number") goOn.setSelectionRange(start, end); // where the typing was
  };
  const tell = async () => {
    const [drawn, current] = await ask("follow", "yes");
    if (drawn && current && !drawing) made.querySelector("#said").replaceChildren(...drawn.querySelector("#said").childNodes);
  };
  made.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do]");
    if (!button) return;
    event.preventDefault();
    touched = true;
    draw(button);
  });
  const follow = (event) => {
    touched = true;
    clearTimeout(later);
    if (event.type === "change" && "redraw" in event.target.dataset) {
      left = event.target.id;
      draw(null);
    } else later = setTimeout(tell, 400);
  };
  made.addEventListener("change", follow);
  made.addEventListener("input", follow);
  made.addEventListener("submit", () => { touched = false; });
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}
