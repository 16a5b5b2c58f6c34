// Opens a whole list as a dialog over the page. The list is the section #details of a page of its own, so that it has an
// address, works without this script, and can be opened in a tab.
"use strict";
(() => {
  const dialog = document.getElementById("dialog"), body = document.getElementById("dialog-body");
  if (!dialog?.showModal) return;
  let turn = 0;

  const load = async (href, keep) => {
    const mine = ++turn;
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("details") || page.querySelector("main > section");
      if (mine !== turn) return;
      if (!found || answer.redirected && !answer.url.includes("/details/")) { location.assign(href); return; }
      const was = keep && body.querySelector("input[type=search]");
      const at = was?.selectionStart;
      body.replaceChildren(found);
      window.htmx?.process(body); // a list that is slow fills its place by itself
      const search = body.querySelector("input[type=search]");
      if (was && search) { search.focus(); search.setSelectionRange(at, at); }
      else if (!keep) search?.focus();
      document.getElementById("status").textContent = body.querySelector(".paging .soft")?.textContent || "";
    } catch {
      location.assign(href);
    } finally {
      if (mine === turn) body.removeAttribute("aria-busy");
    }
  };
  const asked = (form) => `${form.action}?${new URLSearchParams([...new FormData(form)].filter(([, value]) => value))}`;

  document.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (event.target === dialog) { dialog.close(); return; }
    const link = event.target.closest("a[data-dialog], #dialog-body a[href]");
    if (!link || link.hasAttribute("download")) return;
    const inside = body.contains(link);
    if (inside && !new URL(link.href).pathname.startsWith("/details/")) return; // a row: on to the page it leads to
    event.preventDefault();
    event.stopPropagation();
    if (!inside) { body.replaceChildren(); dialog.showModal(); }
    load(link.href, inside);
  }, true);
  body.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); load(asked(event.target), true); });
  let wait = 0;
  body.addEventListener("input", (event) => {
    clearTimeout(wait);
    wait = setTimeout(() => load(asked(event.target.form), true), 250);
  });
})();
