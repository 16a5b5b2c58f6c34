// Keeps an open page up to date: listens to /live and tells the panels to load again. Also small comforts of forms
// that work without it: sending on change, the theme button, copying.
"use strict";
(() => {
  document.documentElement.classList.add("js");
  const POPPED = ":is(details.add, details[data-menu])[open]";
  const $ = (selector, root = document) => root.querySelector(selector);

  // --- The live feed -------------------------------------------------------------------------------------------
  const badge = $("#live");
  let feed = null, retry = 1000, last = 0, skew = 0, said = 0, version = "";

  const ago = (seconds) =>
    seconds < 90 ? `${Math.max(0, Math.round(seconds))} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min`
      : seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
  const tick = () => {
    if (!badge) return;
    for (const one of document.querySelectorAll("[data-ago]")) {
      one.textContent = `${ago((Date.now() + skew - one.dataset.ago) / 1000)} ago`;
    }
    const text = $("[data-live-text]", badge);
    const state = badge.dataset.state;
    if (state === "lost") text.textContent = "connecting again …";
    else text.textContent = last ? `last event ${ago((Date.now() + skew - last) / 1000)} ago` : badge.dataset.none;
  };
  const say = (text) => { const status = $("#status"); if (status) status.textContent = text; };
  const state = (name) => {
    if (badge.dataset.state === name) return;
    if (name === "lost") say("The connection is lost. Figures are not updated.");
    else if (badge.dataset.state === "lost") say("Connected again.");
    badge.dataset.state = name;
    tick();
  };
  const connect = () => {
    if (!badge || feed || document.hidden) return;
    const url = new URL(badge.dataset.live, location.href);
    if (version) url.searchParams.set("seen", version);
    feed = new EventSource(url);
    feed.onopen = () => { retry = 1000; state("on"); };
    feed.addEventListener("changed", (event) => {
      const change = JSON.parse(event.data);
      version = change.version;
      last = Math.max(last, change.at);
      tick();
      badge.classList.remove("beat");
      requestAnimationFrame(() => badge.classList.add("beat"));
      document.body.dispatchEvent(new CustomEvent("changed", { detail: change }));
      if (Date.now() - said > 30000) { said = Date.now(); say("The figures were updated."); }
      if ($("[data-waiting]")) location.replace(location.href);
    });
    // Nothing is stored, and something waits to be.
    feed.addEventListener("waiting", () => document.body.dispatchEvent(new CustomEvent("waiting")));
    feed.onerror = () => {
      feed.close();
      feed = null;
      state("lost");
      setTimeout(connect, retry * (0.7 + 0.6 * Math.random()));
      retry = Math.min(retry * 2, 30000);
    };
  };
  const disconnect = () => { feed?.close(); feed = null; };
  // A panel that was told of a change may still have to wait for its turn. One that comes due behind a hidden tab is
  // kept for the moment it is shown.
  const due = new Set();
  document.addEventListener("htmx:before:request", (event) => {
    if (!document.hidden || !event.target.matches?.(".panel:not(:has(.pending))")) return;
    event.preventDefault();
    due.add(event.target.id);
  });
  const catchUp = () => {
    connect();
    for (const id of due) document.getElementById(id)?.dispatchEvent(new CustomEvent("shown"));
    due.clear();
  };
  if (badge) {
    skew = Number(badge.dataset.now) - Date.now();
    last = Number(badge.dataset.last);
    tick();
    setInterval(tick, 1000);
    // A hidden tab costs the server nothing; when it is shown again it says what it has seen last.
    document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : catchUp()));
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", connect);
    connect();
  }

  // --- Forms ---------------------------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (!form) return;
    if (event.target.hasAttribute("data-reload")) { HTMLFormElement.prototype.submit.call(form); return; }
    const custom = form.elements.period?.value === "custom";
    form.classList.toggle("custom", custom);
    const days = $(".days", form);
    if (days) days.hidden = !custom;
    if (custom && !(form.elements.from.value && form.elements.to.value)) return;
    if (event.target.type !== "search") form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    // Empty fields make long addresses; leave them out.
    if (event.target.method !== "get") return;
    for (const field of event.target.elements) if (field.name && !field.value && !field.required) field.disabled = true;
    const again = [...event.target.elements].filter((field) => field.disabled);
    setTimeout(() => again.forEach((field) => (field.disabled = false)));
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest?.(POPPED) || $(POPPED);
    if (open) { open.open = false; $("summary", open).focus(); }
  });
  document.addEventListener("click", (event) => {
    const open = $(POPPED);
    if (open && !open.contains(event.target)) open.open = false;

    const toggle = event.target.closest("[data-theme-toggle]");
    if (toggle) {
      event.preventDefault();
      const root = document.documentElement;
      const dark = (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
      root.dataset.theme = toggle.value = dark ? "light" : "dark";
      document.cookie = `sendlens_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
      document.dispatchEvent(new Event("theme"));
    }

    if (event.target.closest("[data-print]")) { if (open) open.open = false; print(); }

    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(() => {
        const before = copy.textContent;
        copy.textContent = "Copied";
        say("Copied.");
        setTimeout(() => (copy.textContent = before), 1600);
      });
    }
  });

  // Time zones: the browser knows all of them, and which one the reader lives in.
  document.addEventListener("focusin", (event) => {
    const list = event.target.matches?.("[data-zone]") && event.target.list;
    if (!list || list.options.length || !Intl.supportedValuesOf) return;
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const zone of new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])) list.append(new Option(zone, zone));
  });

  // After a swap the sticky parts keep their place, and readers hear what they look at.
  document.addEventListener("htmx:after:history:update", () => { said = Date.now(); say(document.title); });
})();
