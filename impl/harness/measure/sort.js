// @ts-check
// Sorts a table by the column whose head is pressed; pressed again, the other way round. Cells with
// a number come before those without, whichever way.
(() => {
  /** @param {Element} row @param {number} column @returns {{ text: string, key: number | null }} */
  const cell = (row, column) => {
    const found = /** @type {HTMLElement} */ (row.children[column]);
    const key = found.dataset.key;
    return { text: found.textContent ?? "", key: key === undefined ? null : Number(key) };
  };

  /** @param {Element} one @param {Element} other @param {number} column @param {number} way */
  const compare = (one, other, column, way) => {
    const [a, b] = [cell(one, column), cell(other, column)];
    if (a.key === null && b.key === null) return way * a.text.localeCompare(b.text);
    if (a.key === null || b.key === null) return a.key === null ? 1 : -1;
    return way * (a.key - b.key);
  };

  /** @param {HTMLTableElement} table @param {HTMLElement} head */
  const sort = (table, head) => {
    const heads = [...table.querySelectorAll("thead th")];
    const column = heads.indexOf(head);
    const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].sort((a, b) => compare(a, b, column, way));
    table.tBodies[0].append(...rows);
  };

  for (const table of document.querySelectorAll("table"))
    for (const head of /** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll("thead th")))
      head.querySelector("button")?.addEventListener("click", () => sort(table, head));
})();
