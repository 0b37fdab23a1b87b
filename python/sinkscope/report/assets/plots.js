// Figures that Plotly draws, each once it is near the window.
const NARROW = 560;  // pixels of a figure: below, names are cut and colour bars lie under their map

// A trace of our JSON as Plotly's: error bars of the intervals that its points have.
function withIntervals(trace) {
  const { meta } = trace;
  if (!meta) return trace;
  const level = trace[meta.along];
  const reach = (end, sign) => trace.customdata.map((ends, at) => ends[end] === null ? 0 : Math.max(0, sign * (ends[end] - level[at])));
  const bars = { type: "data", symmetric: false, array: reach(1, 1), arrayminus: reach(0, -1), thickness: 1.2, width: 0 };
  const after = trace.hovertemplate.includes("<br>%{text}") ? "<br>%{text}" : "<extra>";
  const hover = trace.customdata.map(([low, high]) =>
    low === null || high === null ? trace.hovertemplate : trace.hovertemplate.replace(after, `${meta.hover}${after}`));
  return { ...trace, [`error_${meta.along}`]: bars, hovertemplate: hover };
}

// Names along an axis, cut to the room that they have; the hover has them whole.
function namedAxis(axis, names, most) {
  if (axis.type !== "category" || !names.some((name) => name.length > most)) return axis;
  return { ...axis, tickmode: "array", tickvals: names, ticktext: names.map((name) => shortened(name, most)) };
}

function layoutOf(figure, traces, look, width) {
  const narrow = width < NARROW;
  const map = traces.some((trace) => trace.type === "heatmap");
  const common = { showgrid: !map, gridcolor: look.line, zerolinecolor: look.line, linecolor: look.line, automargin: true };
  const names = (axis) => [...new Set(traces.flatMap((trace) => trace[axis]))].filter((one) => typeof one === "string");
  const { xaxis, yaxis, ...rest } = figure.layout;
  const wide = traces.some((trace) => trace.colorbar && trace.showscale !== false) && !narrow;
  return {
    ...forPlotly(rest, look), height: figure.height + (narrow && traces.some((trace) => trace.colorbar) ? 60 : 0), showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: look.text, size: 12, family: "system-ui, sans-serif" },
    margin: { l: narrow ? 8 : 50, r: wide ? 90 : 12, t: 14, b: 45 },
    hoverlabel: { align: "left", bgcolor: look.paper, bordercolor: look.line, font: { color: look.text } },
    xaxis: { ...common, ...forPlotly(namedAxis(xaxis, names("x"), narrow ? 14 : 24), look) },
    yaxis: { ...common, ...(yaxis.type === "category" ? { dtick: 1 } : {}),
             ...forPlotly(namedAxis(yaxis, names("y"), Math.max(16, Math.round(width / 16))), look) },
  };
}

function drawable(figure, option, look, width) {
  const traces = figure.traces[option];
  const data = traces.map((trace) => {
    const made = forPlotly(withIntervals(trace), look);
    if (made.colorbar && width < NARROW) Object.assign(made.colorbar, { orientation: "h", y: -0.35, yanchor: "top", len: 1 });
    return made;
  });
  return { data, layout: layoutOf(figure, traces, look, width) };
}

function Plot(holder, figure) {
  const place = holder.querySelector(".drawing");
  const choice = holder.querySelector(".choice");
  const legend = Legend(holder, place);
  const option = () => Number(choice?.value ?? 0);
  let hidden = new Set();

  function draw() {
    const { data, layout } = drawable(figure, option(), theme(), place.clientWidth);
    for (const trace of data) if (hidden.has(trace.name)) trace.visible = "legendonly";
    Plotly.react(place, data, layout, { responsive: true, displayModeBar: false, doubleClick: "reset" });
    legend(data, hidden, toggle);
    holder.querySelectorAll("button").forEach((button) => { button.disabled = false; });
    fill();
  }

  // Axes count names and the logarithm as numbers too, so that halving a range zooms in on any of them.
  function zoom(share) {
    const ranges = ["xaxis", "yaxis"].map((axis) => {
      const [low, high] = place._fullLayout[axis].range.map(Number);
      const [middle, half] = [(low + high) / 2, (high - low) / 2 * share];
      return [`${axis}.range`, [middle - half, middle + half]];
    });
    Plotly.relayout(place, Object.fromEntries(ranges));
  }

  function toggle(name, visible) {
    if (visible) hidden.delete(name); else hidden.add(name);
    const at = place.data.flatMap((trace, index) => trace.name === name ? [index] : []);
    Plotly.restyle(place, { visible: visible ? true : "legendonly" }, at);
  }

  function fill() {
    const details = holder.querySelector(".numbers");
    if (details.open) fillNumbers(details, numbersOf(figure.traces[option()], figure.layout), `${figure.title} ${figure.names[option()]}`);
  }

  if (choice) {
    choice.value = figure.first;
    choice.addEventListener("change", draw);
  }
  const zooms = { "Zoom in": () => zoom(0.5), "Zoom out": () => zoom(2), "Reset zoom": draw };
  holder.querySelector(".buttons").append(...Object.entries(zooms).map(([name, act]) => {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", act);
    return button;
  }));
  holder.querySelector(".numbers").addEventListener("toggle", fill);
  holder.querySelector(".svg").addEventListener("click", () => downloadPlot(holder, figure, option(), hidden));
  return { draw, option: (name) => {  // that another result's figure has chosen
    const at = figure.names.indexOf(name);
    if (at >= 0 && at !== option()) { choice.value = at; draw(); }
  }, name: () => figure.names[option()] };
}
