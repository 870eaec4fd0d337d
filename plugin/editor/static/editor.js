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

// Forms follow the slot: what they offer depends on its rules, or on the entries that it takes.
for (const slot of document.querySelectorAll("#slot, #make-slot")) {
  const follow = slot.form.querySelector("[data-follow]"); // for those who have no scripts
  if (follow) follow.hidden = true;
  // Who chooses by the keyboard goes on from the same field on the page that comes.
  slot.addEventListener("change", () => {
    sessionStorage.setItem("chosen", slot.id);
    slot.form.action = slot.form.action.split("#")[0]; // the place in an address would take the focus
    slot.form.requestSubmit(follow);
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
  // A change of the slot sends the form by itself, and is heard here after that.
  made.addEventListener("change", (event) => { touched ||= event.target.id !== "make-slot"; });
  made.addEventListener("submit", () => { touched = false; });
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}
