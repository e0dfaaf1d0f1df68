// The instructor's page: asks every two seconds what is new, and draws only what has changed.
// Rules: what comes from learners is drawn with textContent; whoever works by keyboard keeps their place.
"use strict";

const EVERY = 2000;
const MARKS = { done: ["✓", "done", "done"], stuck: ["!", "stuck", "stuck"], "under way": ["…", "under way", "way"], "": ["·", "not begun", "none"] };
const byId = (id) => document.getElementById(id);
let state = null;
let clockAhead = 0; // of the service's clock, in milliseconds

// What a hub wants beside its cookie, so that no other page asks in this one's name.
function ask(path, options = {}) {
  const guard = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  const headers = { ...options.headers, ...(guard ? { "X-XSRFToken": guard[1] } : {}) };
  return fetch(path, { credentials: "same-origin", ...options, headers });
}

function element(name, { className = "", text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Put new children in place of those that differ; the others, and the focus, stay.
function draw(parent, items, key, make) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const focused = document.activeElement?.id;
  const wanted = items.map((item) => {
    const name = String(key(item));
    const is = JSON.stringify(item);
    const there = old.get(name);
    if (there && there.dataset.is === is) return there;
    const made = make(item, there);
    made.dataset.key = name;
    made.dataset.is = is;
    return made;
  });
  if (wanted.length !== parent.children.length || wanted.some((child, place) => parent.children[place] !== child)) {
    parent.replaceChildren(...wanted);
    if (focused && document.activeElement?.id !== focused) byId(focused)?.focus();
  }
}

function orNothing(parent, items, key, make, nothing) {
  if (items.length) draw(parent, items, key, make);
  else draw(parent, [nothing], () => "nothing", () => element("li", { className: "empty", text: nothing }));
}

function cell(one, lesson, before) {
  const [mark, word, look] = MARKS[one.state];
  const shown = one.state ? `${mark} ${one.have}/${one.of}` : mark;
  const changed = before && before !== JSON.stringify(one) ? " changed" : "";
  const made = element("td", {}, element("span", { className: `cell ${look}${changed}`, title: `${lesson.number} ${lesson.title}: ${word}` },
    element("span", { "aria-hidden": "true", text: shown }),
    element("span", { className: "unseen", text: one.state ? `${word}, ${one.have} of ${one.of}` : word })));
  made.dataset.was = JSON.stringify(one);
  return made;
}

function row(one, there) {
  const before = there ? [...there.querySelectorAll("td[data-was]")].map((td) => td.dataset.was) : [];
  const made = element("tr", {}, element("th", { scope: "row", text: one.alias, title: one.alias }),
    ...one.cells.map((each, place) => cell(each, state.lessons[place], before[place])),
    element("td", { text: one.at || "–" }));
  if (state.instructor) {
    const remove = element("button", { type: "button", id: `remove-${one.id}`, text: "Delete", "aria-label": `Delete ${one.alias}` });
    remove.addEventListener("click", () => forget({ learner: one.id }, `Delete ${one.alias}?`,
      "Everything received of this learner is deleted here. The learner's own progress stays with the learner."));
    made.append(element("td", {}, remove));
  }
  return made;
}

function ordered(rows) {
  const done = (one) => one.cells.reduce((sum, each) => sum + each.have, 0);
  const stuck = (one) => (one.stuck ? 2 : one.cells.some((each) => each.state === "stuck") ? 1 : 0);
  const order = byId("order").value;
  if (order === "stuck") return [...rows].sort((a, b) => stuck(b) - stuck(a) || (a.since < b.since ? -1 : 1));
  if (order === "done") return [...rows].sort((a, b) => done(a) - done(b));
  return rows;
}

function drawMatrix() {
  const heads = ["learner", ...state.lessons.map((one) => one.number), "now at", ...(state.instructor ? ["delete"] : [])];
  const lessons = Object.fromEntries(state.lessons.map((one) => [one.number, one.title]));
  draw(byId("matrix").tHead.rows[0], heads, (head) => head, (head) => {
    if (head === "delete") return element("th", { scope: "col" }, element("span", { className: "unseen", text: "Delete" }));
    const name = lessons[head];
    return name ? element("th", { scope: "col" }, element("b", { text: head }), name) : element("th", { scope: "col", text: head });
  });
  draw(byId("matrix").tBodies[0], ordered(state.rows), (one) => one.id, row);
}

function holdUp(one) {
  const share = Math.round((100 * one.trying) / Math.max(1, one.trying + one.solved));
  const bar = element("span");
  bar.style.width = `${share}%`;
  return element("li", {}, element("strong", { text: `${one.id} ${one.title}` }),
    element("div", { className: "meter", "aria-hidden": "true" }, bar),
    element("span", { text: `${one.trying} trying without success, ${one.stuck} stuck, ${one.solved} solved` }),
    element("small", { text: `Most common (${one.times} of ${one.trying}): ${one.mistake}` }));
}

function wrongAnswer(one) {
  return element("li", {}, element("strong", { text: `${one.id} ` }), element("span", { text: one.title }),
    element("small", { text: `${one.learners} of ${one.answered} who answered: ${one.answer}` }));
}

function minutes(since) {
  const passed = Math.max(0, Math.floor((Date.now() + clockAhead - Date.parse(since)) / 60000));
  if (passed < 60) return `${passed} min`;
  return passed < 1440 ? `${Math.floor(passed / 60)} h ${passed % 60} min` : `${Math.floor(passed / 1440)} d`;
}

function drawStuck() {
  const told = state.longest_stuck.slice(0, 8).map((one) => ({ ...one, long: minutes(one.since) }));
  orNothing(byId("stuck"), told, (one) => one.id, (one) => element("li", {},
    element("strong", { text: one.alias }), ` at ${one.stuck} for ${one.long}`, element("small", { text: one.title })), "Nobody is stuck.");
}

function say(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function drawAll() {
  for (const part of document.querySelectorAll(".whole-class")) part.hidden = !state.instructor;
  const count = state.rows.length;
  say("counts", state.instructor ? `${count} learner${count === 1 ? "" : "s"}, ${state.longest_stuck.length} stuck now` : "Your own line");
  byId("join").hidden = !state.code;
  if (state.code) say("join-line", `hl7dicom-lab join ${state.where_to_join}/${state.code} NAME`);
  drawMatrix();
  drawStuck();
  orNothing(byId("holdups"), state.hold_ups, (one) => one.id, holdUp, "No exercise holds anybody up.");
  orNothing(byId("wrong"), state.wrong_answers, (one) => one.id, wrongAnswer, "No wrong answers so far.");
}

async function look() {
  try {
    const answer = await ask(`api/class?seen=${encodeURIComponent(state?.version ?? "")}`);
    const date = Date.parse(answer.headers.get("Date"));
    if (date) clockAhead = date - Date.now();
    if (answer.status === 200) {
      state = await answer.json();
      drawAll();
    } else if (answer.status === 204) drawStuck();
    else throw new Error((await answer.json()).error);
    say("connection", "");
  } catch (problem) {
    const why = problem instanceof TypeError ? "The classroom does not answer" : problem.message;
    say("connection", state ? `${why}. What you see may be old; trying again.` : `${why}. Trying again.`);
    if (!state) say("counts", "");
  }
}

async function forget(what, title, text) {
  say("sure-title", title);
  say("sure-text", text);
  const dialog = byId("sure");
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  if (dialog.returnValue !== "yes") return;
  const answer = await ask("api/forget", { method: "POST", body: JSON.stringify(what),
    headers: { "Content-Type": "application/json", "X-Classroom": "1" } });
  if (!answer.ok) say("connection", (await answer.json()).error);
  await look();
  byId("matrix-title").focus();
}

async function keepLooking() {
  await look();
  setTimeout(keepLooking, EVERY);
}

byId("order").addEventListener("change", () => state && drawMatrix());
byId("forget-all").addEventListener("click", () => forget({ everybody: true }, "Delete the whole class?",
  "Every learner and everything received of them is deleted here, and the join code changes. Take the gradebook away first if you need it."));
keepLooking();
