// Figures as SVG files: on white, with title and legend, whatever the page's theme.
const WIDTH = 900;

function save(name, svg) {
  const link = element("a", { href: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })), download: `${name}.svg` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function fileName(holder, figure) {
  const label = document.getElementById(`${holder.id}-label`).firstChild.textContent;
  return `${label} ${figure.title}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 120);
}

async function downloadPlot(holder, figure, option, hidden) {
  const { data, layout } = drawable(figure, option, LIGHT, WIDTH);
  for (const trace of data) if (hidden.has(trace.name)) trace.visible = false;
  const title = [figure.title, figure.names[option]].filter(Boolean).join(": ");
  const whole = { ...layout, title: { text: literal(title), font: { size: 14 } }, paper_bgcolor: LIGHT.paper, plot_bgcolor: LIGHT.paper,
                  showlegend: data.some((trace) => trace.name), margin: { ...layout.margin, t: 50 } };
  const url = await Plotly.toImage({ data, layout: whole }, { format: "svg", width: WIDTH, height: figure.height + 60 });
  save(fileName(holder, figure), decodeURIComponent(url.slice(url.indexOf(",") + 1)));
}

function downloadStrip(holder, figure, tokens, values, state) {
  const NS = "http://www.w3.org/2000/svg";
  const make = (name, attributes, text = "") => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const font = { "font-family": "monospace", "font-size": 13 };
  const boxes = [];
  let [x, y] = [10, 40];
  values.forEach((value, index) => {
    const width = 10 + 8 * [...tokens[index]].length;
    if (x + width > WIDTH - 10) [x, y] = [10, y + 26];
    const colour = coloured(value ?? 0);
    boxes.push(make("rect", { x, y, width, height: 22, fill: `rgb(${colour})` }),
               make("text", { x: x + 5, y: y + 16, fill: inkOn(colour), ...font }, tokens[index]));
    x += width + 2;
  });
  const svg = make("svg", { xmlns: NS, width: WIDTH, height: y + 36, viewBox: `0 0 ${WIDTH} ${y + 36}` });
  svg.append(make("rect", { width: "100%", height: "100%", fill: "#ffffff" }),
             make("text", { x: 10, y: 24, fill: LIGHT.text, ...font }, `${figure.title}; ${state}; ${figure.label}, 0 to 1`), ...boxes);
  save(fileName(holder, figure), new XMLSerializer().serializeToString(svg));
}
