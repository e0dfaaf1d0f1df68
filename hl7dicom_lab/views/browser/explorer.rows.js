// The rows of the explorer: the lines of one side, or the pairs of two, as one list, and which of them are to be seen.

const SHUT = 1, EMPTY = 2;
const SIGNS = { same: "=", different: "≠", "left only": "◀", "right only": "▶" };

// A line of the state, by names.
function lineOf([depth, label, name, facts, value, note, start, end, flags, about, pieces, way]) {
  return { depth, label, name, facts, value, note, start, end, about, pieces, way, shut: Boolean(flags & SHUT), empty: Boolean(flags & EMPTY) };
}

// The lines of each side, and a row for each line or pair. `row.places[side]` is the place among the side's lines.
function readRows(state) {
  const lines = state.sides.map((side) => side.lines.map(lineOf));
  if (lines.length === 1) {
    return { lines, rows: lines[0].map((line, place) => ({ ...line, places: [place], values: [line.value], mark: "", counts: false })) };
  }
  const rows = state.pairs.map(([left, right, mark, counts]) => {
    const [one, other] = [lines[0][left], lines[1][right]];
    const line = one || other;
    const label = one && other && one.label !== other.label ? `${one.label} / ${other.label}` : line.label;
    const nothing = counts && mark === "different" ? "(empty)" : "";
    const values = [one, other].map((side) => side ? side.value || nothing : "(not there)");
    const note = line.note || (other && other.note) || "";
    return { ...line, label, note, places: [left, right], values, mark, counts: Boolean(counts), shut: mark !== "different" };
  });
  return { lines, rows };
}

// What is open, what is looked for, and which rows that leaves.
function outline(rows) {
  const parents = [];
  const path = [];
  rows.forEach((row, place) => {
    while (path.length && rows[path[path.length - 1]].depth >= row.depth) path.pop();
    parents.push(path.length ? path[path.length - 1] : -1);
    path.push(place);
  });
  const hasParts = rows.map((row, place) => place + 1 < rows.length && rows[place + 1].depth > row.depth);
  const open = rows.map((row) => !row.shut);
  const texts = rows.map((row, place) => searched(row, hasParts[place]));
  const wanted = { text: "", empty: false, differences: false };

  function shows(place) {
    const row = rows[place];
    if (row.empty && !wanted.empty) return false;
    if (wanted.differences && row.mark === "same") return false;
    return !wanted.text || texts[place].includes(wanted.text);
  }
  // With something to look for: what was found, and what it is in. Else what is open.
  function visible() {
    if (!wanted.text) return unfolded(shows);
    const kept = new Set();
    rows.forEach((row, place) => {
      for (let at = place; at >= 0 && (at !== place || shows(place)) && !kept.has(at); at = parents[at]) kept.add(at);
    });
    return [...kept].sort((one, other) => one - other);
  }
  function unfolded(shown) {
    const kept = [];
    let below = -1; // within a shut row: its depth
    rows.forEach((row, place) => {
      if (below >= 0 && row.depth > below) return;
      below = -1;
      if (!shown(place)) return;
      kept.push(place);
      if (hasParts[place] && !open[place]) below = row.depth;
    });
    return kept;
  }
  function reveal(place) {
    for (let at = parents[place]; at >= 0; at = parents[at]) open[at] = true;
  }
  return { rows, parents, hasParts, open, wanted, visible, reveal, setAll: (value) => open.fill(value) };
}

// What a filter looks at: `PID-3.1` finds also `PID-3[1].1`, and a field of one component.
function searched(row, hasParts) {
  const plain = row.label.replaceAll("[1]", "");
  const first = hasParts || !/-\d+(\[\d+\])?$/.test(row.label) ? "" : `${plain}.1`;
  return [row.label, plain, first, row.name, ...row.values, row.note, row.about].join("\n").toLowerCase();
}
