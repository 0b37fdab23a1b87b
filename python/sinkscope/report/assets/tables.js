// Tables: a click or Enter on a column's name sorts, a button copies rows as tab-separated text.
function cells(row) {
  return [...row.cells].map((cell) => cell.textContent.trim());
}

function compared(a, b) {
  const [x, y] = [Number(a), Number(b)];
  if (a === "" || b === "") return (a === "") - (b === "");
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
}

function sort(table, column, head) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const keys = new Map(rows.map((row) => [row, row.cells[column].textContent.trim()]));
  rows.sort((a, b) => compared(keys.get(a), keys.get(b)) * (up || keys.get(a) === "" || keys.get(b) === "" ? 1 : -1));
  table.tBodies[0].append(...rows);
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(table, column, head));
  });
  const button = element("button", { type: "button", className: "copy-table" }, "Copy table");
  button.addEventListener("click", () => copy([...table.rows].map((row) => cells(row).join("\t")).join("\n"), button));
  table.closest(".table").after(element("div", { className: "buttons" }, button));
}

// The numbers that a figure shows, a row a point.
function numbersOf(traces, layout) {
  const rows = traces.flatMap(trace => trace.type === "heatmap" ? ofHeatMap(trace) : ofPoints(trace));
  const names = { name: "series", x: layout.xaxis.title.text || "x", y: layout.yaxis.title.text || "y", value: "value", low: "from",
                  high: "to", words: "note" };
  const kept = Object.keys(names).filter((key) => rows.some((row) => (row[key] ?? "") !== ""));
  return { columns: kept.map((key) => names[key]), rows: rows.map((row) => kept.map((key) => row[key])) };
}

function ofPoints(trace) {
  return trace.x.map((x, at) => ({ name: trace.name, x, y: trace.y[at], low: trace.meta && trace.customdata[at][0],
                                   high: trace.meta && trace.customdata[at][1], words: (trace.text ?? trace.hovertext)?.[at] }));
}

function ofHeatMap(trace) {
  return trace.z.flatMap((row, y) => row.map((z, x) => ({
    x: trace.x[x], y: trace.y[y], value: trace.customdata ? trace.customdata[y][x] : z, words: trace.hovertext?.[y]?.[x] })))
    .filter((row) => row.value !== null);
}

function fillNumbers(details, found, caption) {
  details.querySelector(".table")?.nextElementSibling?.remove();
  details.querySelector(".table")?.remove();
  const numeric = found.columns.map((_, at) => found.rows.every((row) => typeof row[at] === "number" || row[at] == null));
  const cell = (value, at) => element("td", numeric[at] ? { className: "number" } : {}, shown(value));
  const body = element("tbody", {}, ...found.rows.map((row) => element("tr", {}, ...row.map(cell))));
  const heads = found.columns.map((name, at) => element("th", { scope: "col", className: numeric[at] ? "number" : "" }, name));
  const table = element("table", { className: "sortable" }, element("caption", {}, caption),
                        element("thead", {}, element("tr", {}, ...heads)), body);
  details.append(element("div", { className: "table", tabIndex: 0, role: "region", "aria-label": caption }, table));
  makeSortable(table);
}
