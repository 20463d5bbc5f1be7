// The list: as many findings as fit a few screens, more on the way down.
const PAGE = 100;
const opened = new Set();
let current = [];
let drawn = 0;

function drawList() {
  current = selected();
  drawn = 0;
  byId("list").replaceChildren();
  drawMore();
}

function drawMore(until = drawn + PAGE) {
  const next = current.slice(drawn, until);
  byId("list").append(...next.map(article));
  drawn += next.length;
  const left = current.length - drawn;
  const more = byId("more");
  more.hidden = left === 0;
  more.textContent = `Show ${thousands(Math.min(left, PAGE))} more of ${thousands(left)}`;
  const all = current.length === findings.length ? "" : ` of ${thousands(findings.length)}`;
  byId("status").textContent = current.length ? `${thousands(current.length)}${all} ${findings.length === 1 ? "finding" : "findings"}`
    : "No finding matches.";
}

/** Draw one finding anew, the focus where it was. */
function redraw(finding) {
  const item = byId(`item-${finding.index}`);
  if (!item) return;
  const focused = item.contains(document.activeElement) ? document.activeElement.id : null;
  const fresh = article(finding);
  item.replaceWith(fresh);
  if (focused !== null) (byId(focused) || fresh.querySelector("button")).focus();
}

function toggle(finding, open = !opened.has(finding.index)) {
  if (open) opened.add(finding.index);
  else opened.delete(finding.index);
  const item = byId(`item-${finding.index}`);
  if (!item) return;
  item.classList.toggle("open", open);
  item.querySelector(".head").setAttribute("aria-expanded", String(open));
  const place = byId(`body-${finding.index}`);
  place.hidden = !open;
  if (open && !place.hasChildNodes()) place.append(...body(finding, false).flat(3).filter(Boolean));
}

/** Open or close by hand: what opens comes into view, its head at least. */
function toggleSeen(finding) {
  toggle(finding);
  const item = byId(`item-${finding.index}`);
  const box = item.getBoundingClientRect();
  if (opened.has(finding.index) && box.bottom > innerHeight) {
    item.scrollIntoView({ block: box.height < innerHeight * 0.8 ? "nearest" : "start" });
  }
}

/** Finding of the element that has the focus, or null. */
function focused() {
  const item = document.activeElement && document.activeElement.closest("li.finding");
  return item ? findings[Number(item.id.slice(5))] : null;
}

function focusAt(position) {
  if (position < 0 || position >= current.length) return;
  if (position >= drawn) drawMore(position + PAGE);
  const item = byId(`item-${current[position].index}`);
  item.querySelector(".head").focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const at = current.indexOf(focused());
  focusAt(at < 0 ? 0 : at + step);
}

/** Show a finding whatever the filters say: they are widened when they hide it. */
function reveal(finding) {
  if (!current.includes(finding)) {
    chosen = nothing();
    drawFacets();
    drawList();
  }
  toggle(finding, true);
  const position = current.indexOf(finding);
  focusAt(position);
  byId(`item-${finding.index}`).scrollIntoView({ block: "start" });
}
