// Words of results are text. Plotly reads some of its text as HTML and decodes entities: what is escaped once here is seen as it is.
const TEMPLATES = new Set(["hovertemplate", "texttemplate"]);  // ours, without a word of any result

function literal(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// A copy of a figure's JSON for Plotly: words escaped, colours of the theme.
function forPlotly(value, look, key = "") {
  if (typeof value === "string") {
    return TEMPLATES.has(key) ? value : key === "color" ? inTheme(value, look) : literal(value);
  }
  if (Array.isArray(value)) return value.map((one) => forPlotly(one, look, key));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, forPlotly(one, look, name)]));
}

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function shortened(text, most) {
  return text.length <= most ? text : `${text.slice(0, Math.ceil(most * 0.6) - 1)}…${text.slice(-Math.floor(most * 0.4))}`;
}

function shown(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value ?? "");
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no permission: the older way
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1500);
}
