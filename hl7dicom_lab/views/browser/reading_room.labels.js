// The words on and under an image: letters at its edges, a scale, whose it is, and its facts as a list.

const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200]; // mm

function label(viewport, ratio) {
  const { labels, stack, about: facts, image, room } = viewport;
  const study = room.state.studies[stack.study];
  const at = `Image ${viewport.index + 1} of ${stack.count}`;
  put(labels.who, study.short.join("\n"));
  put(labels.series, `${[at, facts.frame, facts.towards].filter(Boolean).join(" · ")}\n${stack.title}`);
  put(labels.how, [windowWords(viewport), zoomWords(viewport)].filter(Boolean).join("\n"));
  ["left", "right", "top", "bottom"].forEach((edge, place) => put(labels[edge], image?.data ? facts.edges[place] : ""));
  put(labels.place, image?.reason || (image ? "" : waiting(viewport)));
  scale(viewport, ratio);
  sayValue(viewport, ratio);
  clearTimeout(viewport.resting);
  viewport.resting = setTimeout(() => atRest(viewport), 200); // not with each frame of a scroll
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const LATE = "comes when the kernel is free. If nothing comes, the kernel has stopped: run the cell again.";

function waiting(viewport) {
  const { there, all, late } = viewport.room.pixels.progress(viewport.stack.first, viewport.stack.first + viewport.stack.count);
  return late ? `This image ${LATE}` : `Loading: ${there} of ${all} images are there`;
}

function windowWords(viewport) {
  if (viewport.image?.reason) return "";
  if (viewport.image?.colour) return "colours as stored";
  const shown = viewport.shownWindow;
  const inverted = viewport.inverted ? " · inverted" : "";
  return shown ? `window ${PLAIN(shown.center)} / ${PLAIN(shown.width)}${inverted}` : "window not known yet";
}

// 100 % is one pixel of the screen for each pixel of the image, also on a screen with fine pixels.
function zoomWords({ drawn }) {
  return drawn ? `zoom ${Math.round(drawn.scale * 100)} %` : "";
}

// A bar as long as a round number of millimetres, at most a third of the picture.
function scale(viewport, ratio) {
  const { drawn, about: facts, labels, canvas } = viewport;
  const pixels = drawn && facts.spacing ? drawn.scale / ratio / facts.spacing[1] : 0; // CSS pixels a millimetre
  const length = LENGTHS.findLast((one) => one * pixels <= canvas.width / ratio / 3); // to ask the box would lay it out again
  labels.scale.hidden = !pixels || !length;
  if (labels.scale.hidden) return;
  put(labels.scale, `${length < 10 ? `${length} mm` : `${length / 10} cm`}${facts.spacingHolds ? ` ${facts.spacingHolds}` : ""}`);
  labels.scale.style.setProperty("--length", `${length * pixels}px`);
}

// The value under the pointer; without a pointer that in the middle, which the keys can move.
function sayValue(viewport, ratio) {
  const { pointer, canvas } = viewport;
  const found = pointer ? viewport.at(pointer[0] * ratio, pointer[1] * ratio) : viewport.at(canvas.width / 2, canvas.height / 2);
  const where = pointer ? "Under the pointer" : "In the middle";
  put(viewport.value, found ? `${where}: value ${found.words} · column ${found.column + 1}, row ${found.row + 1}` : `${where}: nothing`);
}

function atRest(viewport) {
  const { about: facts, stack, image, room, canvas } = viewport;
  const words = `Image ${viewport.index + 1} of ${stack.count}`;
  const edges = directions(facts.edges, room.state.directions);
  const said = [words, windowWords(viewport), edges && `at the edges: ${edges}`, image?.reason].filter(Boolean).join("; ");
  canvas.setAttribute("aria-label", `${stack.title}. ${said}`);
  room.say(viewport, `${words}, ${windowWords(viewport) || image.reason}`);
  const pairs = [
    ["Place in the series", [words, facts.number && `InstanceNumber ${facts.number}`, facts.frame].filter(Boolean).join(", ")],
    ["Edges of the picture", edges],
    ["Position", facts.towards && `${facts.towards} from the origin of the coordinates`],
    ["Rows x columns", image?.data ? `${image.rows} x ${image.columns}` : ""],
    ["Size of a pixel", facts.spacing ? `${PLAIN(facts.spacing[1])} mm wide, ${PLAIN(facts.spacing[0])} mm high ${facts.spacingHolds}` : "the file does not say"],
    ["Slice thickness", facts.thickness && `${facts.thickness} mm`],
    ["Window", windowWords(viewport)],
    ["Values", image?.data && !image.colour ? `stored number x ${PLAIN(image.slope)} + ${PLAIN(image.intercept)}${facts.unit ? `, in ${facts.unit}` : ""}` : ""],
    ["Remark", [image?.note, image?.reason].filter(Boolean).join("; ")],
  ].filter(([, text]) => text);
  viewport.facts.replaceChildren(...pairs.flatMap(([name, text]) => [
    element("dt", { textContent: name }), element("dd", { textContent: text, dir: "auto" })]));
}

function directions(edges, names) {
  const spelt = (letters) => [...letters].map((letter) => names[letter] || letter).join(" and ");
  return ["left", "right", "top", "bottom"].map((edge, place) => edges[place] && `${edge} ${edges[place]} (${spelt(edges[place])})`).filter(Boolean).join(", ");
}
