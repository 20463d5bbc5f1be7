// Start, address, buttons.
function follow(first) {
  const hash = location.hash;
  if (hash.startsWith("#finding-")) {
    if (first) drawAll();
    let id = hash.slice("#finding-".length);
    try { id = decodeURIComponent(id); } catch { /* stands for itself */ }
    const finding = byIdentity.get(id);
    if (finding) reveal(finding);
    else byId("status").textContent = "The finding of this address is not in this report.";
    return;
  }
  const wanted = parseHash(hash);
  if (wanted) chosen = wanted;
  if (wanted || first) drawAll();
  if (wanted) byId("findings").scrollIntoView();
}

function drawAll() {
  drawFacets();
  drawList();
}

const THEME = "redcap-scanner:theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
function drawTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
}
const kept = memory.read(THEME);
if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  memory.write(THEME, document.documentElement.dataset.theme);
  drawTheme();
});
prefersDark.addEventListener("change", drawTheme);

byId("download").addEventListener("click", download);
byId("print").addEventListener("click", () => print());
byId("help-open").addEventListener("click", () => byId("help").showModal());
byId("more").addEventListener("click", () => {
  const at = drawn;
  drawMore();
  focusAt(at);
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filter-q").addEventListener("input", (event) => {
  chosen.q = event.target.value.trim();
  changed();
});
byId("filter-clear").addEventListener("click", () => {
  chosen = usual();
  byId("filter-q").value = "";
  changed();
});
if (matchMedia("(max-width: 56rem)").matches) byId("filter-fold").open = false;

byId("tools").hidden = false;
byId("workbench").hidden = false;
drawTheme();
drawProgress();
follow(true);
addEventListener("hashchange", () => follow(false));
