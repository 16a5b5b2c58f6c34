// Draws the charts from the tables beside them. ECharts is fetched when the first chart is on the page.
"use strict";
(() => {
  const source = document.currentScript.dataset.echarts;
  const charts = new Map(); // plot element -> {chart, rows, tip, index}
  let library = null;
  const load = () => (library ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => done(window.echarts);
    script.onerror = fail;
    document.head.append(script);
  }));

  const paper = matchMedia("print");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const numbers = document.documentElement.dataset.numbers || "en"; // the words are English, the numbers the reader's
  const SIZES = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];
  // Not the compact notation of the locale, which would write a thousand in its own words.
  const compact = (value, style) => {
    const [size, word] = SIZES.find(([one]) => Math.abs(value) >= one) || [1, ""];
    const form = new Intl.NumberFormat(numbers, { ...style, minimumFractionDigits: 0, maximumFractionDigits: 1 });
    const parts = form.formatToParts(value / size);
    const last = parts.findLastIndex((part) => part.type === "integer" || part.type === "fraction");
    return parts.map((part, i) => part.value + (i === last ? word : "")).join("");
  };
  const axisText = (unit, currency) => (value) => {
    if (unit === "ratio") {
      const percent = value * 100;
      const maximumFractionDigits = percent !== 0 && Math.abs(percent) < 1 ? 3 : 1;
      return new Intl.NumberFormat(numbers, { style: "percent", maximumFractionDigits }).format(value);
    }
    return compact(value, unit === "money" && currency ? { style: "currency", currency } : {});
  };
  const read = (table) => [...table.tBodies[0].rows].map((row) => ({
    short: row.dataset.label,
    long: row.dataset.long,
    marks: row.dataset.marks || "",
    open: "unfinished" in row.dataset,
    future: "future" in row.dataset,
    value: number(row.querySelector("[data-value]")?.dataset.value),
    text: row.querySelector("[data-value]")?.textContent,
    behind: row.querySelector("td.soft")?.textContent,
    then: number(row.querySelector("[data-then]")?.dataset.then),
    thenText: row.querySelector("[data-then]")?.textContent,
  }));
  const number = (text) => (text === undefined || text === "" ? null : Number(text));

  const option = (rows, data) => {
    const accent = css("--accent"), soft = css("--soft"), grid = css("--grid"), then = css("--then"), bar = css("--bar"), ground = css("--card");
    const bars = data.shape === "bar";
    const openAt = rows.findIndex((row) => row.open);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const hatch = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: -Math.PI / 4, color: ground };
    // A value without neighbours has no line to be seen by: it gets a point.
    const lonely = (i, key) => rows[i][key] !== null && (rows[i - 1]?.[key] ?? null) === null && (rows[i + 1]?.[key] ?? null) === null;
    const dotted = (key) => (row, i) => (lonely(i, key) ? { value: row[key], symbol: "circle" } : { value: row[key], symbol: "none" });
    const series = [];
    if (bars) {
      series.push({
        type: "bar", barMaxWidth: 34, barCategoryGap: "32%", z: 2,
        itemStyle: { color: bar, borderRadius: [3, 3, 0, 0] },
        emphasis: { disabled: true },
        data: rows.map((row) => (row.open
          ? { value: row.value, itemStyle: { color: bar, opacity: 0.8, decal: hatch } } : row.value)),
      });
    } else {
      const end = openAt < 0 ? rows.length : openAt;
      const line = { type: "line", showSymbol: true, symbolSize: 7, connectNulls: true, z: 3, emphasis: { disabled: true }, itemStyle: { color: accent } };
      series.push({ ...line, lineStyle: { color: accent, width: 2.2 }, // An area says "from zero"; a rate's axis seldom begins there.
        areaStyle: data.unit === "ratio" ? undefined : { color: accent, opacity: 0.07 },
        data: rows.map((row, i) => (i < end ? dotted("value")(row, i) : null)) });
      // The running step: a dashed end with a hollow point.
      if (openAt >= 0) series.push({ ...line, lineStyle: { color: accent, width: 2.2, type: [5, 4] },
        data: rows.map((row, i) => (i === openAt - 1 ? { value: row.value, symbol: "none" } : i === openAt
          ? { value: row.value, symbol: "circle", itemStyle: { color: ground, borderColor: accent, borderWidth: 2 } } : null)) });
    }
    if (data.compared) series.push({ type: "line", z: 4, showSymbol: true, symbolSize: 4, connectNulls: true, emphasis: { disabled: true },
      itemStyle: { color: then }, lineStyle: { color: then, width: 2, type: [2, 4] }, data: rows.map(dotted("then")) });
    return {
      animation: !still && !paper.matches, animationDuration: 260, animationDurationUpdate: 260,
      aria: { enabled: false, decal: { show: false } },
      textStyle: { fontFamily: css("--sans") },
      grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
      xAxis: { type: "category", boundaryGap: bars, data: rows.map((row) => row.short), axisTick: { show: false },
        axisLine: { lineStyle: { color: grid } }, axisLabel: { color: soft, fontSize: 12, hideOverlap: true, margin: 13 } },
      yAxis: { type: "value", scale: data.unit === "ratio" && !bars, splitNumber: 4, min: data.unit === "ratio" ? undefined : (v) => Math.min(0, v.min),
        axisLabel: { color: soft, fontSize: 12, formatter: axisText(data.unit, data.currency) }, splitLine: { lineStyle: { color: grid } } },
      series,
    };
  };

  const draw = async (plot) => {
    const table = document.getElementById(plot.dataset.chart);
    if (!table) return;
    let made = charts.get(plot);
    const rows = read(table);
    if (!made) {
      made = { chart: null, rows, table, index: -1, tip: null };
      charts.set(plot, made);
      const echarts = await load();
      if (!plot.isConnected) { charts.delete(plot); return; }
      made.chart = echarts.init(plot, null, { renderer: "canvas" });
      made.tip = document.createElement("div");
      made.tip.className = "bubble";
      made.tip.hidden = true;
      plot.append(made.tip);
      made.chart.getZr().on("mousemove", (event) => point(plot, made.chart.convertFromPixel({ seriesIndex: 0 }, [event.offsetX, event.offsetY])?.[0]));
      made.chart.getZr().on("globalout", () => point(plot, -1));
      plot.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (step) { event.preventDefault(); point(plot, Math.min(Math.max((made.index < 0 ? (step > 0 ? -1 : made.rows.length) : made.index) + step, 0), made.rows.length - 1), true); }
        if (event.key === "Escape") point(plot, -1);
      });
      plot.addEventListener("blur", () => point(plot, -1));
      new ResizeObserver(() => { made.chart.resize(); flags(plot, made); }).observe(plot);
    }
    if (!made.chart) return; // the library is on its way; the first caller draws what is then newest
    made.table = document.getElementById(plot.dataset.chart);
    made.rows = read(made.table);
    made.chart.setOption(option(made.rows, made.table.dataset), { notMerge: true });
    flags(plot, made);
    plot.dataset.drawn = "";
    if (made.index >= 0) point(plot, made.index);
  };

  // A thin line with a flag where something happened; its text is in the bubble and in the list under the chart.
  const flags = (plot, made) => {
    plot.querySelectorAll(".flag").forEach((one) => one.remove());
    made.rows.forEach((row, index) => {
      if (!row.marks) return;
      const x = made.chart.convertToPixel({ xAxisIndex: 0 }, index);
      if (!Number.isFinite(x)) return;
      const flag = document.createElement("span");
      flag.className = "flag";
      flag.style.left = `${x}px`;
      plot.append(flag);
    });
  };

  // The bubble with one step's values, at the pointer's step or moved by the arrow keys.
  const point = (plot, index, spoken = false) => {
    const made = charts.get(plot);
    const row = made?.rows[index];
    if (!made?.tip) return;
    made.index = row ? index : -1;
    made.tip.hidden = !row;
    if (!row) return;
    const line = (label, value, bold) => {
      const out = document.createElement("div");
      out.className = "row";
      const left = document.createElement("span"), right = document.createElement(bold ? "b" : "span");
      left.textContent = label;
      left.className = "soft";
      right.textContent = value;
      out.append(left, right);
      return out;
    };
    const head = document.createElement("b");
    head.textContent = row.long + (row.open ? " · so far" : "");
    const data = made.table.dataset;
    const lines = [head];
    if (!row.future) lines.push(line(data.name, row.text, true));
    if (row.behind) lines.push(line("", row.behind));
    if (data.compared) lines.push(line(data.compared, row.thenText));
    for (const text of row.marks ? row.marks.split(" · ") : []) {
      const mark = document.createElement("div");
      mark.className = "mark";
      mark.textContent = text;
      lines.push(mark);
    }
    made.tip.replaceChildren(...lines);
    const at = made.chart.convertToPixel({ seriesIndex: 0 }, [index, row.value ?? row.then ?? 0]) || [0, 0];
    const left = at[0] + 14 + made.tip.offsetWidth > plot.clientWidth ? at[0] - 14 - made.tip.offsetWidth : at[0] + 14;
    made.tip.style.left = `${Math.max(0, left)}px`;
    made.tip.style.top = `${Math.max(0, Math.min(at[1] - 20, plot.clientHeight - made.tip.offsetHeight))}px`;
    if (spoken) document.getElementById("status").textContent = lines.map((one) => one.textContent).join(", ");
  };

  const all = () => {
    for (const [plot, made] of charts) if (!plot.isConnected) { made.chart?.dispose(); charts.delete(plot); }
    document.querySelectorAll("[data-chart]").forEach(draw);
  };
  document.addEventListener("htmx:after:swap", all);
  document.addEventListener("theme", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);

  // Paper is light, whatever the screen is: charts are drawn once more with its colours, at once and without moving.
  const again = () => {
    for (const made of charts.values()) {
      made.chart?.setOption(option(made.rows, made.table.dataset), { notMerge: true });
      made.chart?.getZr().flush();
    }
  };
  let theme = null;
  addEventListener("beforeprint", () => { theme = document.documentElement.dataset.theme; document.documentElement.dataset.theme = "light"; again(); });
  addEventListener("afterprint", () => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    again();
  });
  paper.addEventListener("change", again);
  all();
})();
