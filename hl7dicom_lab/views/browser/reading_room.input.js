// Mouse, touch and keys on an image. What is used here goes no further: neither the page nor JupyterLab sees it.

function listen(viewport) {
  const { canvas, room } = viewport;
  const fingers = new Map();
  let gone = 0; // scrolled, but not yet an image
  canvas.addEventListener("wheel", (event) => {
    take(event);
    room.activate(viewport);
    const down = event.deltaY * (event.deltaMode === 1 ? 40 : event.deltaMode === 2 ? 400 : 1);
    const isNotch = Math.abs(down) >= 100; // of a mouse wheel; two fingers on a pad move by less
    if (event.ctrlKey || event.metaKey) return viewport.zoomTo(viewport.zoom * Math.exp(-down / (isNotch ? 400 : 100)), ...devicePoint(canvas, event));
    gone = Math.sign(gone) === -Math.sign(down) ? down : gone + down;
    const images = isNotch ? Math.round(down / 100) : Math.trunc(gone / STEP_OF_WHEEL);
    if (images) { gone = 0; viewport.go(viewport.index + images); }
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 2) return;
    take(event);
    canvas.focus({ preventScroll: true });
    room.activate(viewport);
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, moves: event.button === 1 || event.shiftKey ? "move" : room.drag, rest: 0 });
    if (fingers.size > 1) fingers.forEach((finger) => { finger.moves = ""; }); // the finger that stays after a pinch does nothing
  });
  canvas.addEventListener("pointermove", (event) => {
    viewport.pointer = pointOf(canvas, event);
    const finger = fingers.get(event.pointerId);
    if (!finger) return sayValue(viewport, window.devicePixelRatio || 1);
    take(event);
    const [x, y] = [event.clientX - finger.x, event.clientY - finger.y];
    const before = fingers.size === 2 ? hold(canvas, fingers) : null;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    if (before) pinch(viewport, before, hold(canvas, fingers));
    else if (fingers.size === 1) drag(viewport, finger, x, y);
  });
  const end = (event) => fingers.delete(event.pointerId);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => { viewport.pointer = null; sayValue(viewport, window.devicePixelRatio || 1); });
  canvas.addEventListener("auxclick", take);
  canvas.addEventListener("focus", () => room.activate(viewport));
  canvas.addEventListener("keydown", (event) => {
    const done = key(viewport, event);
    if (done !== false) take(event);
  });
}

function take(event) {
  event.preventDefault();
  event.stopPropagation();
}

function pointOf(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function devicePoint(canvas, event) {
  return pointOf(canvas, event).map((one) => one * (window.devicePixelRatio || 1));
}

// Two fingers: how far apart they are, and the place between them, in device pixels.
function hold(canvas, fingers) {
  const [one, other] = [...fingers.values()];
  const between = devicePoint(canvas, { clientX: (one.x + other.x) / 2, clientY: (one.y + other.y) / 2 });
  return { apart: Math.max(1, Math.hypot(one.x - other.x, one.y - other.y)), between };
}

function drag(viewport, finger, x, y) {
  const ratio = window.devicePixelRatio || 1;
  if (finger.moves === "move") viewport.change({ across: viewport.across + x * ratio, down: viewport.down + y * ratio });
  else if (finger.moves === "zoom") viewport.zoomTo(viewport.zoom * Math.exp(-y / 150));
  else if (finger.moves === "images") {
    finger.rest += y;
    const images = Math.trunc(finger.rest / 8);
    finger.rest -= images * 8;
    if (images) viewport.go(viewport.index + images);
  } else if (finger.moves === "window") dragWindow(viewport, x, y);
}

// To the right for a wider window (less contrast), downwards for a darker picture.
function dragWindow(viewport, x, y) {
  const shown = viewport.shownWindow;
  if (!shown || viewport.image?.colour) return;
  const step = Math.max(shown.width / 250, Math.abs(viewport.image?.slope || 1) / 4);
  const darker = viewport.isInverted ? -1 : 1;
  const rounded = (value) => step >= 1 ? Math.round(value) : Number(value.toPrecision(4));
  viewport.setWindow(rounded(shown.center + darker * y * step), rounded(shown.width + x * step));
}

// What lies between the fingers stays between them.
function pinch(viewport, before, after) {
  viewport.zoomTo(viewport.zoom * after.apart / before.apart, ...before.between);
  const [across, down] = after.between.map((one, place) => one - before.between[place]);
  viewport.change({ across: viewport.across + across, down: viewport.down + down });
}

// false for a key that is not used here.
function key(viewport, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const move = (x, y) => viewport.change({ across: viewport.across + 40 * x, down: viewport.down + 40 * y });
  const go = (by) => viewport.go(viewport.index + by);
  const moves = { ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1), ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0) };
  const keys = {
    ArrowUp: () => go(-1), ArrowDown: () => go(1), ArrowLeft: () => go(-1), ArrowRight: () => go(1), PageUp: () => go(-10), PageDown: () => go(10),
    Home: () => viewport.go(0), End: () => viewport.go(viewport.stack.count - 1),
    "+": () => viewport.zoomTo(viewport.zoom * 1.25), "=": () => viewport.zoomTo(viewport.zoom * 1.25), "-": () => viewport.zoomTo(viewport.zoom / 1.25),
    0: () => viewport.change({ zoom: 1, across: 0, down: 0 }), i: () => viewport.change({ inverted: !viewport.inverted }),
    r: () => viewport.change(viewport.reset()), l: () => viewport.room.focusField("center"), w: () => viewport.room.focusField("width"),
  };
  const action = (event.shiftKey && moves[event.key]) || keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  return action ? action() : false;
}
