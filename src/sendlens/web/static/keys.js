// The keyboard: single keys, two keys in a row ("g", then a letter), and a palette that finds pages, campaigns and people.
// What a key does is read from the page (data-key), so that a page without a thing has no key for it.
"use strict";
(() => {
  const sheet = document.getElementById("keys"), palette = document.getElementById("palette");
  if (!sheet?.showModal || !palette) return; // signing in, or a shared view: there is nowhere to go
  const field = palette.querySelector("input"), list = palette.querySelector("ul");
  let waiting = 0, chosen = 0, turn = 0;

  const go = (href) => {
    const link = document.createElement("a");
    link.href = href;
    document.getElementById("content").append(link); // within <main>, so that the page is swapped and not loaded anew
    window.htmx?.process(link);
    link.click();
    link.remove();
  };
  const press = (key) => {
    const on = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!on) return false;
    if (on.matches("a[href]")) go(on.href);
    else on.click();
    return true;
  };
  const period = (step) => {
    const select = document.querySelector(".bar select[name=period]");
    if (!select) return false;
    const options = [...select.options].filter((one) => one.value !== "custom");
    const at = options.findIndex((one) => one.value === select.value);
    const next = options[Math.min(Math.max(at + step, 0), options.length - 1)];
    if (next.value === select.value) return true;
    select.value = next.value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  const find = async () => {
    const mine = ++turn;
    const answer = await fetch(`/find?${new URLSearchParams({ q: field.value, from: location.pathname + location.search })}`, { headers: { Accept: "text/html" } });
    if (mine !== turn || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.querySelectorAll("#found > li"));
    choose(0);
  };
  const choose = (index) => {
    const links = [...list.querySelectorAll("a")];
    chosen = Math.min(Math.max(index, 0), Math.max(links.length - 1, 0));
    links.forEach((link, place) => {
      link.id = `found-${place}`;
      link.classList.toggle("chosen", place === chosen);
      link.parentElement.setAttribute("role", "presentation");
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", place === chosen);
    });
    if (links[chosen]) { field.setAttribute("aria-activedescendant", links[chosen].id); links[chosen].scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  };
  const open = () => { field.value = ""; list.replaceChildren(); palette.showModal(); field.focus(); find(); };
  let typed = 0;
  field.addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(find, 120); });
  palette.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); choose(chosen + step); }
    if (event.key === "Enter") {
      event.preventDefault();
      const link = list.querySelector("a.chosen");
      if (link) { palette.close(); location.assign(link.href); }
    }
  });
  for (const dialog of [sheet, palette]) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-find]")) { event.preventDefault(); open(); }
    if (event.target.closest("[data-keys]")) { event.preventDefault(); sheet.showModal(); }
  });

  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key === "k") { event.preventDefault(); if (!palette.open) open(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const first = waiting && Date.now() - waiting < 1200;
    waiting = 0;
    const done = first ? press(`g ${event.key}`)
      : event.key === "g" ? Boolean(waiting = Date.now())
      : event.key === "?" ? (sheet.showModal(), true)
      : event.key === "/" ? (open(), true)
      : event.key === "[" ? period(-1)
      : event.key === "]" ? period(1)
      : press(event.key);
    if (done) event.preventDefault();
  });
})();
