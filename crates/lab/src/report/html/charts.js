// The charts. Curves share one range of time; colours come from the style sheet, so that both schemes are one code.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const isTouch = matchMedia("(pointer: coarse)").matches;
const isNarrow = () => innerWidth <= 640;
const overTime = ["price", "equity", "drawdown", "sharpe", "volatility", "beta"].filter((id) => byId(id));
const times = data.equity.x, edge = (times[times.length - 1] - times[0]) * 0.01 || 86400000;
const whole = [times[0] - edge, times[times.length - 1] + edge];
const isLogarithmic = {};

const axis = (more) => ({ gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"), ...more });

// How many signs the labels of values need. The library would find out by drawing several times, and complains of that.
function signs(values, more) {
  const ends = [Math.min(...values), Math.max(...values)], step = (ends[1] - ends[0]) / 5 || 1;
  const decimals = Math.max(0, Math.ceil(-Math.log10(step)));
  return Math.max(...ends.map((end) => number(Math.trunc(end), 0).length + (decimals && decimals + 1) + more));
}
// All charts leave the same room to the left, so that their times stand below each other.
const labels = () => Math.max(6, byId("price") ? signs(data.prices[priceShown].close.y, 0) : 0,
  signs([...data.equity.y, ...(data.hold?.y ?? [])], data.money.before.length));

// On a touch screen the buttons are always there: they stand above the chart, and the legend below it.
function layout(x, y, more) {
  const below = isTouch && more.showlegend;
  return {
    margin: { l: 16 + labels() * (isNarrow() ? 6.8 : 7.4), r: 12, t: 34, b: below ? 60 : 32 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { family: getComputedStyle(document.body).fontFamily, size: isNarrow() ? 11 : 12, color: colour("soft") },
    xaxis: axis(x), yaxis: axis(y), dragmode: isTouch ? false : "zoom",
    hovermode: "x unified", hoverdistance: 40,
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink"), family: getComputedStyle(document.body).fontFamily } },
    legend: { orientation: "h", x: 0, y: below ? -0.16 : 1, yanchor: below ? "top" : "bottom", font: { color: colour("ink") } },
    modebar: { bgcolor: "transparent", color: colour("soft"), activecolor: colour("ink") }, ...more,
  };
}

const config = { responsive: true, displaylogo: false, doubleClick: "reset", showTips: false,
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
const time = () => ({ type: "date", hoverformat: "%Y-%m-%d %H:%M", range: whole.slice() });
// Ticks at 1, 2 and 5 times a power of ten, unless there are many powers or hardly one.
const powers = (values) => Math.log10(Math.max(...values) / Math.min(...values));
const ticks = (values) => powers(values) < 1 ? {} : { dtick: powers(values) < 4 ? "D2" : 1 };
const scale = (id, curve, more) => ({ tickformat: ",~r", ...more,
  ...(isLogarithmic[id] ? { type: "log", ...ticks(curve.y) } : { type: "linear" }) });
// A line of one point has no length: it is a dot.
const line = (curve, name, shade, more) => ({ x: curve.x, y: curve.y, name, mode: curve.x.length > 1 ? "lines" : "markers",
  marker: { color: colour(shade), size: 7 }, line: { color: colour(shade), width: 1.4 }, ...more });
const money = () => ({ tickprefix: isLogarithmic.equity ? "" : data.money.before });
const moneyHover = `${data.money.before}%{y:,.${data.money.decimals}f}${data.money.behind}`;

// Entries and exits of the trades that are marked in a price chart.
function marks(chart) {
  const { trades } = data;
  const { entries } = chart;
  const trace = (name, x, y, text, symbol, shade, size) => {
    return { x, y, name, mode: "markers",
      type: "scatter", marker: { symbol, size: chart.marked.length > 100 ? size * 0.7 : size, color: colour(shade), line: { color: colour("card"), width: 1 } },
      text, hovertemplate: `<b>${name}</b> at %{y:,.${chart.decimals}f}<br>%{x|%Y-%m-%d %H:%M}<br>%{text}<extra></extra>` };
  };
  const exits = (name, keep, ...look) => {
    const of = chart.marked.filter(keep);
    return trace(name, of.map((i) => trades.exit[i]), of.map((i) => trades.to[i]),
      of.map((i) => `${moneyAt("pnl")(i)} (${percent(trades.return[i])})`), ...look);
  };
  // A trade that was added to has a mark at each of its fills.
  const openings = (name, keep, ...look) => {
    const of = entries.trade.map((_, i) => i).filter((i) => keep(entries.trade[i]));
    return trace(name, of.map((i) => entries.x[i]), of.map((i) => entries.y[i]), of.map((i) => `size ${digits(entries.size[i])}`), ...look);
  };
  const long = (i) => trades.side[i] === "long", short = (i) => !long(i);
  const all = [exits("Long exit", long, "circle", "loss", 7), exits("Short exit", short, "square", "gain", 7),
    openings("Long entry", long, "triangle-up", "gain", 11), openings("Short entry", short, "triangle-down", "loss", 11)];
  return all.filter((trace) => trace.x.length > 0);
}

// Bars of counted per cents, losses and gains by their colours.
function histogram({ x, y, step }, counted) {
  const rounded = (value) => +value.toPrecision(6);
  return { type: "bar", x, y, width: x.map(() => step), marker: { color: x.map((v) => colour(v < 0 ? "loss" : "gain")),
    line: { color: colour("card"), width: 1 } }, hovertemplate: `%{text}<br>${counted}: %{y:,}<extra></extra>`,
  text: x.map((v) => `${rounded(v - step / 2)}% to ${rounded(v + step / 2)}%`), textposition: "none" };
}
const counts = (more) => layout({ ticksuffix: "%" }, { tickformat: ",d", rangemode: "tozero" }, { hovermode: "closest", bargap: 0, ...more });

let priceShown = 0;
const draw = {
  price() {
    const chart = data.prices[priceShown];
    const close = line(chart.close, "Close", "price", { hovertemplate: `Close %{y:,.${chart.decimals}f}<br>%{x|%Y-%m-%d %H:%M}<extra></extra>` });
    const near = Math.max(12, 1500 / chart.close.x.length);
    return [[close, ...marks(chart)],
      layout(time(), scale("price", chart.close), { showlegend: true, hovermode: "x", hoverdistance: near })];
  },
  equity() {
    const own = line(data.equity, data.names.own, "equity", { hovertemplate: moneyHover, line: { color: colour("equity"), width: 1.9 } });
    const hold = data.hold && line(data.hold, data.names.hold, "hold", { hovertemplate: moneyHover, line: { color: colour("hold"), width: 1.3, dash: "dot" } });
    return [hold ? [own, hold] : [own], layout(time(), scale("equity", data.equity, money()), { showlegend: true })];
  },
  drawdown() {
    const below = line(data.drawdown, "Drawdown", "loss", { fill: "tozeroy", hovertemplate: "%{y:.2f}%" });
    return [[below], layout(time(), { ticksuffix: "%", range: [Math.min(-0.1, ...data.drawdown.y) * 1.05, 0] }, { showlegend: false })];
  },
  sharpe() {
    const { sharpe, sortino } = data.rolling;
    return [[line(sharpe, "Sharpe ratio", "equity", { hovertemplate: "%{y:.2f}" }),
      line(sortino, "Sortino ratio", "hold", { hovertemplate: "%{y:.2f}", line: { color: colour("hold"), width: 1.1, dash: "dot" } })],
    layout(time(), { zeroline: true, zerolinecolor: colour("soft") }, { showlegend: true })];
  },
  volatility() {
    return [[line(data.rolling.volatility, "Volatility", "equity", { hovertemplate: "%{y:.2f}%" })],
      layout(time(), { ticksuffix: "%", rangemode: "tozero" }, { showlegend: false })];
  },
  beta() {
    return [[line(data.rolling.beta, "Beta", "equity", { hovertemplate: "%{y:.2f}" })],
      layout(time(), { zeroline: true, zerolinecolor: colour("soft") }, { showlegend: false })];
  },
  returns() {
    return [[histogram(data.returns, data.names.counted)], counts({})];
  },
  periods() {
    const of = (name) => data.periods.map((own) => own[name]);
    const boxes = { type: "box", x: of("name"), q1: of("q1"), median: of("median"), q3: of("q3"), lowerfence: of("low"), upperfence: of("high"),
      name: "", line: { color: colour("equity"), width: 1.3 }, boxpoints: false, hoverinfo: "y" };
    const points = { mode: "markers", x: data.periods.flatMap((own) => own.outside.map(() => own.name)), y: data.periods.flatMap((own) => own.outside),
      marker: { color: colour("loss"), size: 4, opacity: 0.55 }, hovertemplate: "%{y:.2f}%<extra></extra>" };
    return [[boxes, points], layout({ type: "category", fixedrange: true },
      { ticksuffix: "%", zeroline: true, zerolinecolor: colour("soft") }, { showlegend: false, hovermode: "closest" })];
  },
  chance() {
    const { bars, own } = data.chance;
    const mark = { type: "line", x0: own, x1: own, yref: "paper", y0: 0, y1: 1, line: { color: colour("ink"), width: 1.5, dash: "dot" } };
    return [[histogram(bars, "paths")], counts({ shapes: [mark] })];
  },
};

// Draws a chart, again where it was drawn before; a range of time that was zoomed to stays.
function show(id) {
  const [traces, plan] = draw[id]();
  const zoomed = byId(id).layout?.xaxis;
  if (overTime.includes(id) && zoomed) plan.xaxis.range = zoomed.range.slice();
  return Plotly.react(id, traces, plan, config);
}

// The range of values that a chart has between two times, with a little room.
function fit(id, from, to) {
  const [first, last] = [from, to].map((end) => +new Date(typeof end === "string" ? end.replace(" ", "T") + (end.length > 10 ? "Z" : "") : end));
  const within = byId(id).data.flatMap((trace) => trace.y.filter((_, i) => trace.x[i] >= first && trace.x[i] <= last));
  if (within.length === 0) return {};
  const ends = [Math.min(...within), Math.max(...within)].map(isLogarithmic[id] ? Math.log10 : Number);
  const room = (ends[1] - ends[0]) * 0.06 || 1;
  return { "yaxis.range": [ends[0] - room, id === "drawdown" ? Math.min(0, ends[1] + room) : ends[1] + room] };
}

// A zoom of one chart over time is a zoom of all; `following` keeps the echo from running around.
let following = false;
async function follow(id, change) {
  if (following) return;
  const [from, to] = [change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0], change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1]];
  if (from === undefined && !change["xaxis.autorange"]) return;
  following = true;
  const range = from === undefined ? whole.slice() : [from, to];
  // Where the values were zoomed too, they stay; a reset has reset them.
  const isWhole = from === undefined || "yaxis.range[0]" in change;
  const others = overTime.filter((other) => other !== id || !isWhole);
  await Promise.all(others.map((other) => Plotly.relayout(other, { "xaxis.range": range, ...fit(other, ...range) })));
  following = false;
}
