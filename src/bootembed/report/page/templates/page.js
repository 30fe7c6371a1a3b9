"use strict";

// Tables: a click on a head sorts, a second one turns the order.
for (const head of document.querySelectorAll(".sortable thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => sortTable(head));
}

function sortTable(head) {
  const column = head.cellIndex;
  const body = head.closest("table").tBodies[0];
  const isNumber = head.classList.contains("number");
  const falls = head.ariaSort ? head.ariaSort === "ascending" : isNumber;
  const key = (row) => {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent;
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : -Infinity;
  };
  const rows = Array.from(body.rows, (row) => [key(row), row]);
  rows.sort(([a], [b]) => (isNumber ? (a === b ? 0 : a - b) : a.localeCompare(b)) * (falls ? -1 : 1));
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.ariaSort = falls ? "descending" : "ascending";
  body.append(...rows.map(([, row]) => row));
}

// Only what is cut off needs to be reached by the keyboard.
const boxes = new ResizeObserver((entries) => {
  for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
for (const box of document.querySelectorAll(".scroll")) boxes.observe(box);

// Paper shows what is folded away.
const folded = [];
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.open = true;
    folded.push(details);
  }
});
addEventListener("afterprint", () => {
  for (const details of folded.splice(0)) details.open = false;
});

// Triplets: filtered and sorted as numbers; of the list only the blocks near the view are in the document.
const data = document.getElementById("data");
if (data) browse(JSON.parse(data.textContent));

function browse({ texts, sets, reasons, rows }) {
  const BLOCK = 40;
  const GUESSED_HEIGHT = 80; // of a triplet, in pixels, until it has been seen
  const [ANCHOR, POSITIVE, NEGATIVE] = [2, 3, 4];
  const at = (id) => document.getElementById(id);
  const list = at("list");
  const folds = texts.map(fold);
  const severalSeeds = new Set(sets.map((set) => set[2])).size > 1;
  const likenesses = new Map();

  function fold(text) {
    return text.normalize("NFC").toLowerCase();
  }

  function pairs(text) {
    const found = new Set();
    for (let n = 0; n + 1 < text.length; n += 1) found.add(text.slice(n, n + 2));
    return found;
  }

  function likeness(one, other) {
    const key = one * texts.length + other;
    if (!likenesses.has(key)) {
      const [a, b] = [pairs(folds[one]), pairs(folds[other])];
      let common = 0;
      for (const pair of a) if (b.has(pair)) common += 1;
      likenesses.set(key, a.size + b.size ? (2 * common) / (a.size + b.size) : 0);
    }
    return likenesses.get(key);
  }

  const orders = {
    "order of the anchors": null,
    "anchor, A to Z": (a, b) => collator.compare(texts[a[ANCHOR]], texts[b[ANCHOR]]),
    "longest anchor": (a, b) => texts[b[ANCHOR]].length - texts[a[ANCHOR]].length,
    "positive most like the anchor": (a, b) => likeness(b[ANCHOR], b[POSITIVE]) - likeness(a[ANCHOR], a[POSITIVE]),
    "positive least like the anchor": (a, b) => likeness(a[ANCHOR], a[POSITIVE]) - likeness(b[ANCHOR], b[POSITIVE]),
    "negative most like the anchor": (a, b) => likeness(b[ANCHOR], b[NEGATIVE]) - likeness(a[ANCHOR], a[NEGATIVE]),
    "negative least like the anchor": (a, b) => likeness(a[ANCHOR], a[NEGATIVE]) - likeness(b[ANCHOR], b[NEGATIVE]),
  };
  const collator = new Intl.Collator();

  function offer(id, all, values) {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    const options = Array.from(counts, ([value, count]) => [value, `${shown(value)} (${count.toLocaleString("en")})`]);
    for (const [value, text] of [["", all], ...options]) {
      const option = new Option(text, value);
      at(id).append(option);
    }
  }

  function shown(reason) {
    return reason.replaceAll("_", " ");
  }

  function matching() {
    const [language, strategy, reason] = ["language", "strategy", "reason"].map((id) => at(id).value);
    const query = fold(at("query").value.trim());
    const found = rows.filter((row) => {
      const set = sets[row[0]];
      const why = reasons[row[1]];
      return (
        (!language || set[1] === language) &&
        (!strategy || set[0] === strategy) &&
        (!reason || (reason === "rejected" ? why !== "kept" : why === reason)) &&
        (!query || [ANCHOR, POSITIVE, NEGATIVE].some((part) => folds[row[part]].includes(query)))
      );
    });
    const order = orders[at("order").value];
    return order ? found.sort(order) : found;
  }

  function element(tag, style, text) {
    const made = document.createElement(tag);
    if (style) made.className = style;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function sentence(row, part, label, tag) {
    const made = element("p");
    const like = part === ANCHOR ? "" : `, ${Math.round(100 * likeness(row[ANCHOR], row[part]))} % like the anchor`;
    const text = element("span", "text", texts[row[part]] || "(empty)");
    text.dir = "auto";
    text.lang = tag;
    made.append(element("span", "label", label + like), text);
    return made;
  }

  function triplet(row) {
    const [strategy, language, seed, tag, tagOfAnswers] = sets[row[0]];
    const isKept = reasons[row[1]] === "kept";
    const made = element("div", "triplet");
    made.role = "listitem";
    const meta = element("p", "meta", `${strategy}, ${language}${severalSeeds ? `, generator seed ${seed}` : ""}: `);
    meta.append(element("span", isKept ? "kept" : "rejected", isKept ? "kept" : `rejected, ${shown(reasons[row[1]])}`));
    made.append(
      sentence(row, ANCHOR, "anchor", tag),
      sentence(row, POSITIVE, "positive", tagOfAnswers),
      sentence(row, NEGATIVE, "negative", tagOfAnswers),
      meta,
    );
    return made;
  }

  let found = [];
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting && !target.firstChild) {
          const start = Number(target.dataset.start);
          target.append(...found.slice(start, start + BLOCK).map(triplet));
          target.style.minHeight = "";
        } else if (!isIntersecting && target.firstChild) {
          target.style.minHeight = `${target.offsetHeight}px`;
          target.replaceChildren();
        }
      }
    },
    { root: list, rootMargin: "800px" },
  );

  function show() {
    found = matching();
    observer.disconnect();
    const blocks = [];
    for (let start = 0; start < found.length; start += BLOCK) {
      const block = element("div", "block");
      block.role = "presentation";
      block.dataset.start = start;
      block.style.minHeight = `${Math.min(BLOCK, found.length - start) * GUESSED_HEIGHT}px`;
      blocks.push(block);
    }
    list.replaceChildren(...blocks);
    list.scrollTop = 0;
    for (const block of blocks) observer.observe(block);
    const [some, all] = [found.length, rows.length].map((count) => count.toLocaleString("en"));
    at("count").textContent = `${some} of ${all} triplets`;
  }

  offer("language", "all", rows.map((row) => sets[row[0]][1]));
  offer("strategy", "all", rows.map((row) => sets[row[0]][0]));
  offer("reason", "all", rows.map((row) => reasons[row[1]]));
  at("reason").append(new Option("rejected, any reason", "rejected"));
  for (const name of Object.keys(orders)) at("order").append(new Option(name, name));
  for (const id of ["language", "strategy", "reason", "order"]) at(id).addEventListener("change", show);
  at("query").addEventListener("input", show);
  at("browser").hidden = false;
  show();
}
