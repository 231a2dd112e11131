// The list of trades: sorted by a click on a heading, a page at a time, so that its length costs nothing.
const PAGE = 50;
// Zero has no sign.
const number = (value, decimals) => value === null ? "-"
  : value.toLocaleString("en-US", { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: decimals ?? 8, signDisplay: "negative" });
const digits = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 9 });
const percent = (value) => value === null ? "-" : number(value, 2) + "%";
const moneyText = (value, money) => {
  const amount = number(Math.abs(value), money.decimals);
  return (value < 0 && /[1-9]/.test(amount) ? "-" : "") + money.before + amount + money.behind;
};
const moment = (ms) => new Date(ms).toISOString().replace(/(T00:00)?:00\.000Z$/, "").replace("T", " ").replace(/\.000Z$/, "");

function span(ms) {
  const minutes = Math.round(ms / 60000), days = Math.floor(minutes / 1440), rest = minutes % 1440;
  const clock = rest ? `${Math.floor(rest / 60)} h${rest % 60 ? ` ${rest % 60} min` : ""}` : "";
  return minutes === 0 ? `${ms / 1000} s` : [days ? `${days} d` : "", clock].filter(Boolean).join(" ");
}

const rows = data.trades;
const symbolAt = (i) => rows.symbols[rows.symbol[i]];
// Of profit and fee: in the currency of the symbol.
const moneyAt = (column) => (i) => moneyText(rows[column][i], rows.moneys[rows.symbol[i]]);
const decimalsOf = Object.fromEntries(data.prices.map((chart) => [chart.symbol, chart.decimals]));
const priceAt = (column) => (i) => number(rows[column][i], decimalsOf[symbolAt(i)]);
const sign = (value) => value > 0 ? "gain-text" : value < 0 ? "loss-text" : "";

// Each column: heading, what it is sorted by, what is shown, and how it looks.
const columns = [
  ["#", (i) => i, (i) => number(i + 1)],
  ["Symbol", symbolAt, symbolAt, () => "word"],
  ["Side", (i) => rows.side[i], (i) => rows.side[i], () => "word"],
  ["Size", (i) => rows.size[i], (i) => digits(rows.size[i])],
  ["Entry", (i) => rows.entry[i], (i) => moment(rows.entry[i]), () => "word"],
  ["Exit", (i) => rows.exit[i], (i) => moment(rows.exit[i]), () => "word"],
  ["Entry price", (i) => rows.from[i], priceAt("from")],
  ["Exit price", (i) => rows.to[i], priceAt("to")],
  ["Profit", (i) => rows.pnl[i], moneyAt("pnl"), (i) => sign(rows.pnl[i])],
  ["Return", (i) => rows.return[i], (i) => percent(rows.return[i]), (i) => sign(rows.return[i])],
  ["Fee", (i) => rows.fee[i], moneyAt("fee")],
  ["Duration", (i) => rows.exit[i] - rows.entry[i], (i) => span(rows.exit[i] - rows.entry[i])],
  ["Exit reason", (i) => rows.reason[i], (i) => rows.reason[i].replaceAll("_", " "), () => "word"],
  ["MAE", (i) => rows.mae[i], (i) => percent(rows.mae[i])],
  ["MFE", (i) => rows.mfe[i], (i) => percent(rows.mfe[i])],
];

let order = (rows?.symbol ?? []).map((_, i) => i);
let sorted = { column: 0, falling: false }, page = 0;
const pages = Math.max(1, Math.ceil(order.length / PAGE));

function sortBy(column) {
  const falling = sorted.column === column ? !sorted.falling : false;
  const keys = rows.symbol.map((_, i) => columns[column][1](i));
  const compare = (a, b) => keys[a] === keys[b] ? a - b : keys[a] === null ? 1 : keys[b] === null ? -1 : (keys[a] < keys[b]) !== falling ? -1 : 1;
  order.sort(compare);
  sorted = { column, falling };
  page = 0;
  showTrades();
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function heading([title, , , look], column) {
  const cell = element("th", "", look && look(0) === "word" ? "word" : "");
  const isSorted = sorted.column === column;
  const button = element("button", title + (isSorted ? (sorted.falling ? " ▾" : " ▴") : ""));
  button.addEventListener("click", () => { sortBy(column); byId("trades").querySelectorAll("th button")[column].focus(); });
  cell.scope = "col";
  if (isSorted) cell.setAttribute("aria-sort", sorted.falling ? "descending" : "ascending");
  cell.append(button);
  return cell;
}

function showTrades() {
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(document.createElement("tr"));
  head.firstChild.append(...columns.map(heading));
  for (const i of order.slice(page * PAGE, (page + 1) * PAGE)) {
    const row = document.createElement("tr");
    row.append(...columns.map(([, , text, look]) => element("td", text(i), look ? look(i) : "")));
    body.append(row);
  }
  byId("trades").replaceChildren(head, body);
  showPages();
}

// The buttons are made anew: the focus goes to the one that was pressed, or where it is of no more use to one that is.
function keepFocus(label) {
  const buttons = [...byId("trade-pages").querySelectorAll("button:enabled")];
  (buttons.find((button) => button.getAttribute("aria-label") === label) ?? buttons[0]).focus();
}

function showPages() {
  const turn = (text, to, label) => {
    const button = element("button", text);
    button.disabled = to < 0 || to >= pages || to === page;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => { page = to; showTrades(); keepFocus(label); });
    return button;
  };
  const [from, to] = [page * PAGE + 1, Math.min(order.length, (page + 1) * PAGE)];
  const where = element("span", `${number(from)} to ${number(to)} of ${number(order.length)}`);
  where.setAttribute("role", "status");
  const turns = pages < 2 ? [] : [turn("First", 0, "First page"), turn("Previous", page - 1, "Previous page"),
    turn("Next", page + 1, "Next page"), turn("Last", pages - 1, "Last page")];
  byId("trade-pages").replaceChildren(...turns, where);
}
