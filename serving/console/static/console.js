"use strict";
/* What the pages do in the browser: grids that fetch page by page, keys, formats, saved views. */
(() => {
  const ROOT = "/console";
  const settings = () => window.argosySettings || { locale: "en", currency: "EUR" };
  const isMissing = (value) => value === null || value === undefined || value === "";
  const numberOf = (options) => {
    let made = null;
    return (value) => {
      made ||= new Intl.NumberFormat(settings().locale, options());
      return made.format(value);
    };
  };
  const formatters = {
    number: numberOf(() => ({ maximumFractionDigits: 1 })),
    money: numberOf(() => ({ style: "currency", currency: settings().currency })),
    share: numberOf(() => ({ style: "percent", maximumFractionDigits: 1 })),
  };
  let days = null;
  const day = (value) => {
    days ||= new Intl.DateTimeFormat(settings().locale, { dateStyle: "medium", timeZone: "UTC" });
    return days.format(new Date(value));
  };
  // A line that is still on its way shows nothing.
  const missing = (p) => (p.data ? (p.colDef.context?.missing ?? "–") : "");
  const format = {};
  for (const [name, write] of Object.entries(formatters)) {
    format[name] = (p) => (isMissing(p.value) ? missing(p) : write(p.value));
  }
  format.day = (p) => (isMissing(p.value) ? missing(p) : day(p.value));

  const apiOf = (id) => getElement(id)?.api;

  /* A datasource of AG Grid's infinite row model over a list that is paged by cursors. */
  const source = (name, filters) => {
    const cursors = new Map([[0, null]]);
    let order = "";
    return {
      rowCount: undefined,
      async getRows(params) {
        const sorted = params.sortModel.map((s) => (s.sort === "desc" ? "-" : "") + s.colId).join();
        if (sorted !== order) {
          order = sorted;
          cursors.clear();
          cursors.set(0, null);
        }
        const query = new URLSearchParams({ ...filters, limit: params.endRow - params.startRow });
        if (order) query.set("sort", order);
        const cursor = cursors.get(params.startRow);
        if (cursor === undefined) return params.failCallback();
        if (cursor) query.set("cursor", cursor);
        const started = performance.now();
        let answer, body;
        try {
          answer = await fetch(`${ROOT}/rows/${name}?${query}`);
          body = await answer.json();
        } catch {
          params.failCallback();
          emitEvent("argosy-trouble", { detail: "" });
          return;
        }
        if (!answer.ok) {
          params.failCallback();
          if (answer.status === 401) return signIn();
          emitEvent("argosy-trouble", { detail: body.detail || "" });
          return;
        }
        cursors.set(params.startRow + body.data.length, body.next_cursor);
        const last = body.has_more ? -1 : params.startRow + body.data.length;
        params.successCallback(body.data, last);
        window.argosyFetched = performance.now() - started;
        if (params.startRow === 0) emitEvent("argosy-counted", { total: body.total ?? null });
      },
    };
  };

  const signIn = () => {
    const here = location.pathname.slice(ROOT.length) + location.search;
    location.href = `${ROOT}/sign-in?ended=1&next=${encodeURIComponent(here)}`;
  };
  const signOut = async () => {
    const answer = await fetch(`${ROOT}/sign-out`, { method: "POST" });
    location.href = answer.ok ? (await answer.json()).next : `${ROOT}/sign-in`;
  };
  const choose = (name, value) => {
    document.cookie = `${name}=${value}; path=${ROOT}; max-age=31536000; samesite=lax`;
    location.reload();
  };

  const selected = (id) => (apiOf(id)?.getSelectedNodes() || []).map((n) => n.data).filter(Boolean);
  const selectFirst = (id, count) => {
    const api = apiOf(id);
    api.deselectAll();
    api.forEachNode((node) => {
      if (node.data && node.rowIndex < count && node.selectable !== false) node.setSelected(true);
    });
  };

  /* A grid without a line says so. */
  const gridUpdated = (p) =>
    p.api.getDisplayedRowCount() ? p.api.hideOverlay() : p.api.showNoRowsOverlay();
  const gridOpen = (p) => p.data && emitEvent("argosy-open", { id: p.data.id });
  const gridKey = (p) => {
    if (p.event.key !== "Enter" || !p.data || p.colDef.editable) return;
    emitEvent("argosy-open", { id: p.data.id });
  };

  const forecastOpen = (p) => {
    if (!p.data) return;
    const pair = { warehouse_id: p.data.warehouse_id, product_id: p.data.product_id };
    location.href = `${ROOT}/forecasts?${new URLSearchParams(pair)}`;
  };
  const forecastKey = (p) => p.event.key === "Enter" && forecastOpen(p);

  /* Keys: `/` searches, `?` shows the keys, letters go to the page unless somebody types. */
  const isTyping = (target) =>
    target.closest("input, textarea, select, [contenteditable=true], .ag-cell-inline-editing, .q-menu");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      const box = document.querySelector("[data-search] input, input[data-search]");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
      return;
    }
    if (event.key === "?" || /^[a-z]$/.test(event.key)) {
      if (document.querySelector(".q-dialog")) return;
      emitEvent("argosy-key", { key: event.key });
    }
  });

  /* Saved views live in this browser. */
  const views = (page) => JSON.parse(localStorage.getItem(`argosy.views.${page}`) || "{}");
  const saveView = (page, name, state) => {
    localStorage.setItem(`argosy.views.${page}`, JSON.stringify({ ...views(page), [name]: state }));
  };

  /* The field of a code editor is made after its element: it is named as soon as it is there. */
  const nameEditor = (id, name, tries = 60) => {
    const field = document.querySelector(`#c${id} .cm-content`);
    if (field) field.setAttribute("aria-label", name);
    else if (tries) setTimeout(() => nameEditor(id, name, tries - 1), 100);
  };

  /* The bar at the top that shows while something is fetched has no name of its own. */
  const nameLoadingBar = (tries = 200) => {
    const bar = document.querySelector(".q-loading-bar");
    if (bar) bar.setAttribute("aria-label", settings().loading || "Loading");
    else if (tries) setTimeout(() => nameLoadingBar(tries - 1), 50);
  };
  nameLoadingBar();

  /* NiceGUI's chart fails when it is taken away before it is drawn: it has nothing to dispose of. */
  const mend = (component) => {
    if (component?.methods?.update_chart) {
      component.beforeUnmount = function () { this.chart?.dispose(); };
    }
    return component;
  };
  const guardCharts = (tries = 400) => {
    const app = document.getElementById("app")?.__vue_app__;
    if (!app) return tries && setTimeout(() => guardCharts(tries - 1), 25);
    Object.values(app._context.components).forEach(mend);
    const add = app.component.bind(app);
    app.component = (tag, ...made) => add(tag, ...made.map(mend));
  };
  guardCharts();

  /* What stands at an axis: a day as the reader writes it, a number in groups, a name as it is. */
  let axisDays = null;
  const axisText = (value) => {
    if (typeof value === "number") return formatters.number(value);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return value;
    axisDays ||= new Intl.DateTimeFormat(settings().locale, {
      day: "numeric", month: "short", year: "2-digit", timeZone: "UTC",
    });
    return axisDays.format(new Date(value));
  };
  const written = (value) => (isMissing(value) ? "–" : formatters.number(value));
  const writtenShare = (value) => (isMissing(value) ? "–" : formatters.share(value));

  window.argosy = {
    axisText, nameEditor, written, writtenShare, format, source, signOut, choose, selected, selectFirst, gridOpen, gridUpdated, gridKey, forecastOpen, forecastKey, views, saveView,
    refilter: (id, made) => apiOf(id)?.setGridOption("datasource", made),
    refresh: (id) => apiOf(id)?.refreshInfiniteCache(),
    clearSelection: (id) => apiOf(id)?.deselectAll(),
    chip: (p) => {
      if (isMissing(p.value)) return "";
      const chip = document.createElement("span");
      chip.className = `chip chip-${p.value}`;
      chip.textContent = p.colDef.context?.names?.[p.value] || p.value;
      return chip;
    },
  };
})();
