// Keyboard: never where text is typed, never together with a modifier.
const typing = (element) => element && (/^(TEXTAREA|SELECT)$/.test(element.tagName)
  || (element.tagName === "INPUT" && !/^(checkbox|radio)$/.test(element.type)));

function escape() {
  if (typing(document.activeElement)) {
    const finding = focused();
    document.activeElement.blur();
    if (finding) focusAt(current.indexOf(finding));
    return;
  }
  const finding = focused();
  if (finding) {
    toggle(finding, false);
    focusAt(current.indexOf(finding));
  }
}

function decideByKey(verdict) {
  const finding = focused();
  if (!finding) return;
  toggle(finding, true);
  decide(finding, { verdict });
  redraw(finding);
  byId(`reason-${finding.index}`).focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => {
    byId("filter-fold").open = true;
    byId("filter-q").focus();
    byId("filter-q").select();
  },
  "?": () => byId("help").showModal(),
  u: () => { if (focused()) takeBack(focused()); },
};
for (const [key, verdict] of Object.entries(VERDICT_KEYS)) KEYS[key] = () => decideByKey(verdict);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.key === "Escape") escape();
  else if (!typing(document.activeElement) && Object.hasOwn(KEYS, event.key)) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
