// Unpacks the plotting library, then draws what comes near the window.
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function notice(text) {
  document.getElementById("notice").textContent = text;
}

// The same figure of other results follows a choice.
function alike(holder) {
  return [...holder.parentElement.querySelectorAll("figure")].filter((other) => other !== holder).map((other) => made.get(other)).filter(Boolean);
}

const made = new Map();

function draw(holder) {
  const figure = JSON.parse(holder.querySelector("script").textContent);
  const drawing = figure.kind === "strip" ? Strip(holder, figure) : Plot(holder, figure);
  made.set(holder, drawing);
  drawing.draw();
  holder.querySelector(".choice")?.addEventListener("change", () => alike(holder).forEach((other) => other.option(drawing.name())));
}

async function start() {
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll(".copy-code").forEach((button) =>
    button.addEventListener("click", () => copy(button.previousElementSibling.textContent, button)));
  followTheme(() => made.forEach((drawing) => drawing.draw()));
  try {
    document.head.append(element("script", { textContent: await unpacked("plotly") }));
  } catch (error) {
    notice(`The figures need a browser of 2023 or later: ${error.message}. The tables and provenance below need none.`);
    return;
  }
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll("figure").forEach((holder) => seen.observe(holder));
  document.documentElement.dataset.ready = "yes";
}

start();
