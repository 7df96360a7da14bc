// Fetches the page every second and replaces the parts that changed, so that players are not stopped.
"use strict";
document.getElementById("reload").hidden = true;
const shown = new Map();
for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.outerHTML);

function replace(fresh) {
  const old = document.getElementById(fresh.id);
  if (old && shown.get(fresh.id) === fresh.outerHTML) return old;
  shown.set(fresh.id, fresh.outerHTML);
  if (!old) return fresh;
  const label = old.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
  const open = old.querySelector("details")?.open;
  old.replaceWith(fresh);
  if (open) fresh.querySelector("details").open = true;
  if (label) fresh.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
  return fresh;
}

async function refresh() {
  const text = await (await fetch("/")).text();
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const list of page.querySelectorAll("[data-list]")) {
    const here = document.getElementById(list.id);
    const parts = [...list.children].map(replace);
    parts.forEach((part, place) => {
      if (here.children[place] !== part) here.insertBefore(part, here.children[place] ?? null);
    });
    while (here.children.length > parts.length) here.lastElementChild.remove();
  }
  page.querySelectorAll("[data-live]").forEach(replace);
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target, event.submitter);
  await fetch("/", { method: "POST", body: new URLSearchParams(form) });
  await refresh();
});

setInterval(() => document.hidden || refresh().catch(() => {}), 1000);
