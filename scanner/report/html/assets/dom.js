// Elements are built from text, never from markup: the content security policy refuses anything else.

/** Element with attributes and children; null, false and "" children are left out. */
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== false && child !== undefined && child !== ""));
  return element;
}

const byId = (id) => document.getElementById(id);
const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
const counted = (number, noun) => `${thousands(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Children with a separator between them. */
const joined = (children, separator) => children.flatMap((child, index) => (index ? [separator, child] : [child]));

/** Storage that a browser may refuse for files from a disk: then nothing is kept. */
const memory = {
  read(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  write(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch { /* kept for this visit only */ }
  },
};
