// The drawing: one piece of SVG an entry. The same pieces make the picture that is saved.
const severitySymbols = { error: "✖", warning: "▲", information: "•" };
const severityWords = { error: "error", warning: "warning", information: "note" };
const rowHeight = 40;
const mostColumns = 16;
const unknown = "(unknown)";
const namespace = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(namespace, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

// The places of systems, from left to right; those that are too many share the last one.
function layoutOf(names, width) {
  const count = Math.max(1, Math.min(names.length, mostColumns));
  const isNarrow = width < 640; // then the times stand with the open arrow only
  const gutter = isNarrow ? 52 : 118;
  const column = Math.max(isNarrow ? 82 : 104, Math.min(200, Math.floor((width - gutter - 8) / count)));
  const places = new Map(names.map((name, place) => [name, Math.min(place, mostColumns - 1)]));
  return { places, column, count, names, gutter, isNarrow, width: Math.max(width, gutter + column * count + 8), x: (name) => gutter + column * (places.get(name) ?? 0) + column / 2 };
}

function headName(layout, place) {
  return layout.names.length > mostColumns && place === mostColumns - 1 ? "(others)" : layout.names[place];
}

function cut(text, most) {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, Math.max(1, most - 1)).join("")}…`;
}

function drawEntry(entry, layout) {
  const { first } = entry;
  const kind = ["arrow", first.protocol.toLowerCase(), first.form, first.severity || "fine"].join(" ");
  const made = svg("g", { class: kind });
  layout.names.slice(0, layout.count).forEach((name) => {
    const x = layout.x(name);
    made.append(svg("line", { x1: x, x2: x, y1: 0, y2: rowHeight, class: name === unknown ? "life unknown" : "life" }));
  });
  made.append(svg("text", { x: 6, y: 24, class: "number" }, entry.numbers));
  if (!layout.isNarrow) made.append(svg("text", { x: 62, y: 24, class: "number" }, first.time));
  first.form === "note" ? drawNote(made, entry, layout) : drawShaft(made, entry, layout);
  return made;
}

function drawNote(made, { first }, layout) {
  const x = layout.x(first.receiver);
  const right = layout.width - x;
  const toLeft = right < 230 && x - layout.gutter > right;
  const room = Math.floor(((toLeft ? x - layout.gutter : right) - 20) / 6.6);
  const said = `${severityWords[first.severity || "information"]}: ${first.summary}`;
  made.append(
    svg("rect", { x: x - 9, y: 11, width: 18, height: 18, rx: 3, class: "mark" }),
    svg("text", { x, y: 24.5, "text-anchor": "middle", class: "symbol" }, severitySymbols[first.severity || "information"]),
    svg("text", { x: toLeft ? x - 15 : x + 15, y: 24.5, "text-anchor": toLeft ? "end" : "start", class: "label" }, cut(said, room)),
  );
}

function drawShaft(made, entry, layout) {
  const { first } = entry;
  const [start, end] = [layout.x(first.sender), layout.x(first.receiver)];
  const isWrong = first.severity === "error" || first.severity === "warning";
  const said = `${entry.isFold ? "⊞ " : ""}${isWrong ? `${severitySymbols[first.severity]} ${severityWords[first.severity]}: ` : ""}${entry.label}`;
  if (start === end) {
    made.append(svg("path", { d: `M${start} 15 h28 v12 h-19`, class: "shaft" }), arrowHead(start + 2, 27, -1));
    made.append(svg("text", { x: start + 34, y: 25, class: "label" }, said));
    return;
  }
  const way = end > start ? 1 : -1;
  if (entry.isFold) made.append(svg("line", { x1: start, x2: end - 10 * way, y1: 26, y2: 26, class: "shaft second" }));
  made.append(svg("line", { x1: start, x2: end - 10 * way, y1: 30, y2: 30, class: "shaft" }), arrowHead(end, 30, way));
  const shown = cut(said, 60);
  const half = shown.length * 3.4 + 4;
  const middle = Math.max(layout.gutter + half - 10, Math.min((start + end) / 2, layout.width - half));
  made.append(svg("text", { x: middle, y: 19, "text-anchor": "middle", class: "label" }, shown));
}

function arrowHead(x, y, way) {
  return svg("path", { d: `M${x} ${y} l${-11 * way} -5.5 v11 z`, class: "head" });
}

const savedStyle = `
text { font: 12px system-ui, sans-serif; fill: #1f1f1f; } .number { font-size: 11px; fill: #555; } .life { stroke: #c4c7c5; } .unknown { stroke-dasharray: 2 4; }
.label { paint-order: stroke; stroke: #fff; stroke-width: 4px; } .name { font-weight: 600; } .title { font-size: 10px; fill: #444; } .box { fill: #eef1f5; stroke: #9aa0a6; }
.shaft { stroke: #1f1f1f; fill: none; } .hl7 .shaft { stroke-width: 1.2; } .dicom .shaft { stroke-width: 3; } .answer .shaft { stroke-dasharray: 6 4; } .second { stroke-opacity: .45; }
.head { fill: #1f1f1f; } .mark { fill: #fff; stroke: #1f5fa8; } .note .label, .note .symbol { fill: #1f5fa8; }
.error .shaft, .error .mark { stroke: #b3261e; } .error .head, .error .label, .error .symbol { fill: #b3261e; }
.warning .shaft, .warning .mark { stroke: #8a5300; } .warning .head, .warning .label, .warning .symbol { fill: #8a5300; }`;

// The whole picture of these entries, as the text of a file.
function pictureOf(entries, names, titles, legend) {
  const layout = layoutOf(names, Math.max(640, 138 + 150 * Math.min(names.length, mostColumns)));
  const head = 52;
  const height = head + rowHeight * entries.length + 30;
  const root = svg("svg", { width: layout.width, height, viewBox: `0 0 ${layout.width} ${height}`, role: "img" });
  root.append(
    svg("title", {}, "Sequence diagram of what went over the wire"),
    svg("desc", {}, entries.slice(0, 200).map((one) => `${one.numbers}: ${one.sentence}`).join("; ")),
    svg("style", {}, savedStyle),
    svg("rect", { width: layout.width, height, fill: "#ffffff" }),
  );
  names.slice(0, layout.count).forEach((name, place) => {
    const x = layout.x(name);
    root.append(svg("rect", { x: x - layout.column / 2 + 5, y: 6, width: layout.column - 10, height: 40, rx: 4, class: "box" }));
    root.append(svg("text", { x, y: titles[name] ? 24 : 30, "text-anchor": "middle", class: "name" }, cut(headName(layout, place), 18)));
    if (titles[name]) root.append(svg("text", { x, y: 39, "text-anchor": "middle", class: "title" }, titles[name]));
  });
  entries.forEach((entry, place) => {
    const row = drawEntry(entry, layout);
    row.prepend(svg("title", {}, entry.sentence));
    row.setAttribute("transform", `translate(0 ${head + rowHeight * place})`);
    root.append(row);
  });
  root.append(svg("text", { x: 8, y: height - 10, class: "number" }, legend));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(root)}\n`;
}
